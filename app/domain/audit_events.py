"""What the audit records. A member's value is what stands in the table and in exports: it never changes."""

from enum import StrEnum


class Event(StrEnum):
    """One kind of thing that happened. Whoever needs another adds it here, and removes none."""

    LOGIN = "acesso.entrada"
    LOGIN_REFUSED = "acesso.entrada-recusada"
    LOGOUT = "acesso.saida"
    LOCKED_OUT = "acesso.bloqueio"
    SESSION_LOCKED = "acesso.sessao-bloqueada"
    SESSION_UNLOCKED = "acesso.sessao-desbloqueada"
    SESSION_REVOKED = "acesso.sessao-revogada"
    TOKEN_REPLAYED = "acesso.token-repetido"  # noqa: S105
    TOKEN_REFUSED = "acesso.token-recusado"  # noqa: S105
    TERMS_ACCEPTED = "acesso.termo-aceito"
    TERMS_PUBLISHED = "acesso.termo-publicado"
    ACCESS_DENIED = "acesso.negado"
    REAUTHENTICATED = "acesso.reautenticacao"
    SECOND_FACTOR_SHOWN = "acesso.segundo-fator"

    ACCOUNT_CREATED = "conta.criada"
    ACCOUNT_CHANGED = "conta.alterada"
    ACCOUNT_INACTIVATED = "conta.inativada"
    ACCOUNT_REACTIVATED = "conta.reativada"
    ROLES_CHANGED = "conta.perfis-alterados"
    PASSWORD_CHANGED = "conta.senha-alterada"  # noqa: S105
    PASSWORD_RESET = "conta.senha-redefinida"  # noqa: S105
    FACTOR_ADDED = "conta.fator-incluido"
    FACTOR_REMOVED = "conta.fator-removido"

    EMERGENCY_ACCESS_STARTED = "emergencia.iniciada"
    EMERGENCY_ACCESS_ENDED = "emergencia.encerrada"
    EMERGENCY_ACCESS_REVIEWED = "emergencia.revista"

    RECORD_CREATED = "registro.criado"
    RECORD_DUPLICATED = "registro.duplicado"
    RECORD_VIEWED = "registro.visto"
    RECORD_SEARCHED = "registro.pesquisado"
    RECORD_CHANGED = "registro.corrigido"
    RECORD_INACTIVATED = "registro.inativado"
    PATIENTS_MERGED = "paciente.unificado"
    PATIENTS_SEPARATED = "paciente.separado"
    RECORD_IMPORTED = "registro.importado"
    RECORD_EXPORTED = "registro.exportado"
    RECORD_PRINTED = "registro.impresso"
    REQUEST_REFUSED = "registro.recusado"

    CONSENT_RECORDED = "consentimento.registrado"
    CONSENT_REVOKED = "consentimento.revogado"
    RESTRICTION_SET = "restricao.pedida"
    RESTRICTION_LIFTED = "restricao.encerrada"
    LEGAL_HOLD_SET = "guarda.iniciada"
    LEGAL_HOLD_LIFTED = "guarda.encerrada"
    ERASURE_REQUESTED = "eliminacao.pedida"
    ERASURE_JUDGED = "eliminacao.decidida"
    PATIENT_ANONYMISED = "paciente.anonimizado"

    DOCUMENT_STORED = "documento.guardado"
    DOCUMENT_RENDERED = "documento.gerado"
    DOCUMENT_READ = "documento.lido"
    DOCUMENT_REFUSED = "documento.recusado"
    DOCUMENT_INACTIVATED = "documento.inativado"
    DOCUMENT_DAMAGED = "documento.adulterado"
    SIGNING_PREPARED = "assinatura.preparada"
    SIGNED = "assinatura.feita"
    SIGNING_FAILED = "assinatura.recusada"
    SIGNATURE_CHECKED = "assinatura.verificada"
    SIGNATURE_NOT_VALID = "assinatura.nao-valida"

    DECISION_RULE_CHANGED = "regra.alterada"
    ALERT_OVERRIDDEN = "regra.alerta-justificado"
    TERMINOLOGY_LOADED = "terminologia.carregada"
    SETTINGS_CHANGED = "sistema.configuracao-alterada"
    BACKUP_MADE = "sistema.copia-feita"
    BACKUP_RESTORED = "sistema.copia-restaurada"

    AUDIT_READ = "auditoria.lida"
    AUDIT_EXPORTED = "auditoria.exportada"
    AUDIT_VERIFIED = "auditoria.verificada"
