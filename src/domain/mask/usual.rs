//! What secrets usually look like: by themselves, or by what stands before them.
//!
//! A match's secret is its group `secret` (or one of its siblings with a number); what its group `spared` fits isn't one.

/// Names that say what they are, parts of a pattern that ignores case.
macro_rules! names {
    () => {
        "password|passwd|passphrase|passcode|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key\
        |signing[_-]?key|encryption[_-]?key|credentials?|auth[_-]?key|парол[ьяюией]|токен|секрет"
    };
}
pub(super) use names;

/// What stands between a name and its value.
macro_rules! sign {
    () => {
        "(?:=>|:=|={1,3}|:)"
    };
}
pub(super) use sign;

/// A value: in quotes, in quotes of JSON within JSON, or up to what ends a word. For patterns with the flag `x`.
macro_rules! value {
    () => {
        r#"(?: \\+"(?<secret2>(?:[^"\\]|\\+[^"\\])+) | [A-Za-z$@]{0,2}"(?<secret>(?:[^"\\]|\\.)+)
        | [A-Za-z$@]{0,2}'(?<secret3>[^']+) | (?<secret4>[^\s"'\\,;&)}\]]+) )"#
    };
}

/// A log may be cut anywhere, so that of a private key only its middle or its end may be there.
pub(super) const USUAL: &[&str] = &[
    // Private keys in PEM.
    r"(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?<secret>.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)",
    r"(?m)(?<secret>(?:^[^\n]*[A-Za-z0-9+/=]{16,}\s*\n)+)[^\n]*-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----",
    r"(?m)(?<secret>(?:^[A-Za-z0-9+/]{64}\r?\n){2,}(?:^[A-Za-z0-9+/=]{1,64}\r?$)?)",
    // The credentials of an address, a password alone too.
    r"[A-Za-z][A-Za-z0-9+.-]*://(?<secret>[^\s/?#:@]*:[^\s/?#]*)@",
    // What a header of HTTP carries.
    r"(?i)\bbearer\s+(?<secret>[A-Za-z0-9._~+/=-]{16,})",
    r"(?i)\bbasic\s+(?<secret>[A-Za-z0-9+/]{8,}={1,2})",
    r#"(?i)\b(?:proxy-)?authorization["'\\]*\s*[:=]\s*["'\\]*(?<secret>[^\s"'\\,][^"'\\,\n]*)"#,
    r#"(?i)\b(?:set-)?cookie["'\\]*\s*[:=]\s*["'\\]*(?<secret>[^\s"'\\][^"'\\\n]*)"#,
    // An element of XML, and what names its value beside it: `{"name": "DB_PASSWORD", "value": "x"}`.
    concat!(
        r"(?i)(?:<|&lt;)(?:[A-Za-z0-9_.а-яё-]+:)?[A-Za-z0-9_.а-яё-]*(?:",
        names!(),
        r")[A-Za-z0-9_.а-яё-]*(?:\s[^<>]*?)?(?:>|&gt;)(?<secret>[^<]+?|<!\[CDATA\[[^<]*?\]\]>)(?:<|&lt;)/"
    ),
    r"(?i)(?:<|&lt;)(?:[A-Za-z0-9_.а-яё-]+[:_.-])?pass(?:\s[^<>]*?)?(?:>|&gt;)(?<secret>[^<]+?|<!\[CDATA\[[^<]*?\]\]>)(?:<|&lt;)/",
    concat!(
        r#"(?ix)\b(?:name|key)["'\\]*\s*[:=]\s*["'\\]*[A-Za-z0-9_.а-яё-]*(?:_pass|"#,
        names!(),
        r#")[A-Za-z0-9_.а-яё-]*["'\\]*[\s,]+["'\\]*value["'\\]*\s*[:=]\s*"#,
        value!()
    ),
    // A name that says what it is, and its value: `password=x`, `"api_key": "x"`, `DB_PASSWORD: x`. Paths of code
    // (`token::verify`) and places in it (`TokenFilter.java:42`) are none.
    concat!(
        "(?ix)(?:",
        names!(),
        r#") (?: [A-Za-z0-9_.а-яё-]*\.(?:java|kt|scala|go|rs|py|js|ts|rb|php|cs|cc?|cpp|h)(?<spared2>:[0-9]+) | (?<spared>::)
        | [A-Za-z0-9_.а-яё-]*["'\\]*\s*"#,
        sign!(),
        r"\s*",
        value!(),
        ")"
    ),
    // `pass` is a word of its own in tests' results, so it has to be a part of a name, or what is a name by its place.
    concat!(r#"(?x)\b(?:[A-Z0-9]+_)+PASS["'\\]*\s*"#, sign!(), r"\s*", value!()),
    concat!(
        r#"(?xm)(?: (?:\b(?:[A-Za-z0-9]+[_.-])+(?:pass|Pass|PASS)|\b[A-Za-z0-9_.-]*[a-z0-9]Pass)["'\\]*\s*"#,
        sign!(),
        r#" | \b(?:pass|Pass|PASS)(?:["'\\]*\s*(?:=>|:=|={1,3})|["'\\]+\s*:)
        | (?:^|[,{;])[\x20\t]*pass\s*: )[\x20\t]*
        (?: (?<spared>(?:[0-9]{1,6}|true|false|yes|no|ok|on|off|null|none)(?:[\s,;)}\]&"']|$)) | "#,
        value!(),
        ")"
    ),
    // In Russian there may be a word between.
    concat!(
        r"(?ix)(?:парол|токен|секрет|ключ)[а-яё]*(?:\s+(?:к|от|для|api|апи|доступа|пользователя|администратора|базы|данных|бд
        |бота|сервиса|клиента|шифрования)){1,3}\s*",
        sign!(),
        r"\s*",
        value!()
    ),
    // Arguments: `--token x`, `"--password", "x"`, `curl -u user:x`, `mysql -px`.
    concat!(
        r#"(?im)(?:^|[\s"'])--?(?:[a-z0-9]+[_-])*(?:pass|"#,
        names!(),
        r#")(?:\s+|["']\s*,\s*["'])(?<secret>[^\s=:"',-][^\s"',]*)"#
    ),
    r#"(?xm)(?:^|[\s"'])(?:-[uU]|--user|--proxy-user)(?:[\s=]+|["']\s*,\s*)
      (?: (?<spared>[0-9]+:[0-9]+(?:[\s"',]|$)) | "[^\s":/]+:(?<secret>[^"\n]+) | '[^\s':/]+:(?<secret2>[^'\n]+)
        | [^\s"':/]+:(?<secret3>[^\s"']+) )"#,
    r#"\bcurl\b[^\n]*?\s-u["']?[^\s:"'/=-][^\s:"'/]*:(?<secret>[^\s"']+)"#,
    r#"(?x)\b(?:mysql[a-z_]*|mariadb(?:-[a-z]+)?)\b[^\n]*?[\s"']-p
      (?: "(?<secret>[^"\n]+) | '(?<secret2>[^'\n]+) | (?<secret3>[^\s"',-][^\s"',]*) )"#,
    r#"\blogin\b[^\n]*?\s-p[\s=]+["']?(?<secret>[^\s"'-][^\s"']*)"#,
    r#"\b(?:sshpass\s+-p\s*|redis-cli\b[^\n]*?\s-a\s+)["']?(?<secret>[^\s"'-][^\s"']*)"#,
    r"(?i)\b(?:identified\s+by|password)\s+'(?<secret>[^'\n]+)'",
    // Tokens that carry their maker's mark.
    r"\bgl(?:pat|oas|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct)-[A-Za-z0-9_.-]{16,}",
    r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}|npm_[A-Za-z0-9]{30,}|dckr_pat_[A-Za-z0-9_-]{20,})",
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    r"\bAIza[0-9A-Za-z_-]{35}",
    r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
    r"\bsk-[A-Za-z0-9_-]{20,}",
    r"\bhv[sbr]\.[A-Za-z0-9_-]{20,}",
    r"\b[0-9]{6,12}:[A-Za-z0-9_-]{30,}",
    r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?",
];
