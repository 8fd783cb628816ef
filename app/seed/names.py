"""Names as they are distributed in Brazil, combined by chance.

The weights follow the order of IBGE's "Nomes no Brasil" (censuses of 2010 and 2022), rounded: the commonest
names are as common as they should be, the long tail is missing. Whoever was born since 2000 has other first
names than their grandparents.
"""

from random import Random

from app.brazil.demographics import Sex

_OLDER = {
    Sex.FEMALE: {
        **{"Maria": 117, "Ana": 31, "Francisca": 7, "Antônia": 6, "Adriana": 6, "Juliana": 6, "Márcia": 6},
        **{"Fernanda": 5, "Patrícia": 5, "Aline": 5, "Sandra": 5, "Camila": 5, "Luciana": 4, "Vanessa": 4},
        **{"Mariana": 4, "Rosa": 3, "Sônia": 3, "Cláudia": 3, "Marlene": 2, "Terezinha": 2, "Tânia": 2},
    },
    Sex.MALE: {
        **{"José": 58, "João": 30, "Antônio": 26, "Francisco": 18, "Carlos": 15, "Paulo": 14, "Pedro": 12},
        **{"Luiz": 11, "Marcos": 11, "Luís": 9, "Raimundo": 8, "Sebastião": 7, "Marcelo": 7, "Rafael": 7},
        **{"Manoel": 6, "Jorge": 6, "Roberto": 5, "Fernando": 5, "Edson": 4, "Sérgio": 4, "Geraldo": 4},
    },
}
_YOUNGER = {
    Sex.FEMALE: {
        **{"Maria": 60, "Ana": 45, "Júlia": 14, "Letícia": 12, "Beatriz": 10, "Larissa": 10, "Helena": 9},
        **{"Gabriela": 9, "Alice": 8, "Laura": 8, "Sofia": 8, "Isabela": 7, "Valentina": 7, "Vitória": 6},
        **{"Manuela": 6, "Yasmin": 5, "Lívia": 5, "Luísa": 5, "Heloísa": 5, "Giovanna": 4, "Cecília": 4},
    },
    Sex.MALE: {
        **{"João": 30, "Gabriel": 24, "Lucas": 20, "Pedro": 20, "Miguel": 17, "Arthur": 16, "Matheus": 15},
        **{"Davi": 13, "Guilherme": 12, "Gustavo": 11, "Rafael": 9, "Enzo": 9, "Felipe": 9, "Bernardo": 8},
        **{"Heitor": 8, "Samuel": 7, "Vitor": 7, "Théo": 5, "Lorenzo": 5, "Nicolas": 5, "Caio": 4},
    },
}
_SECOND = {
    Sex.FEMALE: ("Clara", "Luiza", "Eduarda", "Aparecida", "de Fátima", "Cristina", "Carolina", "Paula"),
    Sex.MALE: ("Carlos", "Henrique", "Eduardo", "Vitor", "Augusto", "Roberto", "Antônio", "Paulo"),
}
_SURNAMES = {
    **{"da Silva": 170, "Silva": 170, "dos Santos": 120, "Santos": 94, "de Oliveira": 60, "Oliveira": 57},
    **{"de Souza": 46, "Souza": 46, "Pereira": 69, "Ferreira": 62, "Lima": 61, "Alves": 58, "Rodrigues": 54},
    **{"Costa": 49, "Gomes": 36, "Ribeiro": 35, "Martins": 30, "Araújo": 30, "Carvalho": 29, "Barbosa": 27},
    **{"Almeida": 27, "Lopes": 24, "Soares": 24, "Fernandes": 22, "Vieira": 21, "Rocha": 19, "Dias": 18},
    **{"Nascimento": 18, "Moreira": 15, "Nunes": 15, "Marques": 13, "Machado": 13, "Cardoso": 12},
    **{
        "Teixeira": 12,
        "Correia": 10,
        "Cavalcante": 9,
        "Monteiro": 9,
        "Freitas": 9,
        "Batista": 9,
        "Campos": 7,
        "Yamamoto": 1,
    },
}
_YOUNG_SINCE = 2000


def invent_first_name(random: Random, sex: Sex, born: int) -> str:
    """A first name of somebody born in the year ``born``, often with a second one."""
    names = (_YOUNGER if born >= _YOUNG_SINCE else _OLDER)[sex]
    first = random.choices(list(names), list(names.values()))[0]
    second = random.choice(_SECOND[sex])
    if random.random() < 0.45 and second != first:
        return f"{first} {second}"
    return first


def invent_surnames(random: Random, family: str | None = None) -> str:
    """One or two different surnames, the last of which is ``family`` if given."""
    last = family or random.choices(list(_SURNAMES), list(_SURNAMES.values()))[0]
    before = random.choices(list(_SURNAMES), list(_SURNAMES.values()))[0]
    if random.random() < 0.7 and before.split()[-1] != last.split()[-1]:
        return f"{before} {last}"
    return last
