"""What a password must be. How it is kept: app/services/passwords.py."""

from app.domain.refusals import Invalid

SHORTEST = 8
LONGEST = 200
"""Characters: long sentences are welcome, megabytes to hash are not."""
REMEMBERED = 2
"""A new password is none of so many before it."""


def judge(password: str, username: str) -> None:
    """Pass a password that may be chosen; Invalid says what is missing and quotes nothing."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid(f"A senha precisa ter de {SHORTEST} a {LONGEST} caracteres.")
    if not any(one.isalpha() for one in password) or not any(one.isdigit() for one in password):
        raise Invalid("A senha precisa ter ao menos uma letra e um algarismo.")
    if username.casefold() in password.casefold():
        raise Invalid("A senha não pode conter o nome de usuário.")
