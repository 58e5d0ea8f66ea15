"""Leaving out of what is shown whatever may be a key, a secret or a token.

Too much is hidden rather than too little: what is shown is somebody else's error, and its first
words, which tell what is wrong, stand before whatever it quotes.
"""

import re

_LONGEST = 300

# What a secret is called, or how what it is called ends: x-acs-signature, AccessKeySecret, …
_NAME = (
    r"(?:secret(?:[_-]?key)?|signature(?:provided)?|string_?to_?sign|token|passw(?:or)?d|passphrase"
    r"|credentials?|cookie|(?:access|api|private|signing|secret|encryption)[_-]?key|key[_-]?id"
    r"|[?&](?:key|sign|sig|ak|sk|pwd)|[\"'](?:key|sign|sig|ak|sk|pwd)(?=[\\\"']))"
)
# Between that and the secret: an equals sign, a colon, XML's or an arrow, as it is or as in a URL;
# or in a pair. Then perhaps brackets.
_IS = r"(?:[\\\"']*\s*(?:[:=]?>|[:=]|%3[AaDd])|[\\\"']+\s*,(?=\s*[bu]?[\\\"']))[\s\[({]*"
# To the closing quote, which has as many backslashes as the opening one, or to the word's end.
_VALUE = (
    r"(?:[bu]?\"(?:[^\"\\]|\\.)*|[bu]?'(?:[^'\\]|\\.)*"
    r"|[bu]?\\+\"(?:[^\"\\]|\\+[^\"\\])*|[bu]?\\+'(?:[^'\\]|\\+[^'\\])*|[^\s&;,'\"<>]+)"
)
_NAMED = re.compile(rf"(?i:({_NAME}{_IS}){_VALUE})")

# A header of several words, to the closing quote or to the line's end.
_HEADER = re.compile(rf"(?i:((?:authorization|set-cookie|cookie)(?:{_IS}))[^\"'\n<>]+)")
_SCHEMES = re.compile(
    r"\b((?:OSS4|ACS3|SLS4|[A-Z]{2,4}\d)-(?:HMAC|RSA)-[A-Z0-9-]+\s)[^\"'\n<>]+"
    r"|\b((?:OSS|FC|LOG|MNS|acs|ACS)\s+)[\w.+=/-]+:[\w+/=%-]{8,}"
    r"|\b((?i:bearer|basic)\s+)[\w.+/=~-]{16,}"
)

_SHAPES = re.compile(
    # Keys and tokens by how they begin, and whatever was put before that.
    r"(?<![A-Za-z0-9])(?:LTAI|STS\.|TMP\.|CA[IE]S)[\w+/=.%*-]{6,}"
    # A secret: 30 letters and digits, or capitals and small letters that are no words; a longer one
    # has all three.
    r"|(?<![A-Za-z0-9])(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z\d]{30}(?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9])(?![A-Z]?[a-z]+(?:[A-Z][a-z]+)*(?![A-Za-z]))(?=[a-z]*[A-Z])(?=[A-Z]*[a-z])"
    r"[A-Za-z]{30}(?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9])(?=[A-Za-z]*\d)(?=[a-z\d]*[A-Z])(?=[A-Z\d]*[a-z])[A-Za-z\d]{31,}"
    # The base64 of an HMAC of SHA-1, which ends so, and of SHA-256.
    r"|(?<![A-Za-z0-9+/])(?:[A-Za-z0-9+/]{27}|[A-Za-z0-9+/]{43})=(?!=)"
    # Where a robot is called, and who somebody is in an address.
    r"|(?<=/services/)[^\s\"'<>?#,;]+|(?<=/hook/)[^\s\"'<>?#,;]+|(?<=/webhooks/)[^\s\"'<>?#,;]+"
    r"|(?<=/webhookb2/)[^\s\"'<>?#,;]+"
    r"|(?<=://)[^\s/\"'<>@]+(?=@)"
)


def redacted(text: str) -> str:
    """The first line of a text, cut at 300 characters, with `***` for what may be a credential."""
    line = next(iter(text.strip().splitlines()), "")
    for pattern in (_HEADER, _SCHEMES, _NAMED, _SHAPES):
        line = pattern.sub(_hidden, line)
    return line[:_LONGEST]


def _hidden(found: re.Match[str]) -> str:
    """What leads to the secret stays, to tell what is hidden."""
    return next((each for each in found.groups() if each), "") + "***"
