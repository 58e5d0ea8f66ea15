"""What is searched for: page "Search syntax", as far as it is words, fields and logic.

    event and "config-snapshot" and not (message.outcome: ignored or qualifier: v*)

Not here: comparing numbers, phrases (#"…") and what follows a `|`: SQL and SPL.
"""

import re

from .errors import LogError, invalid
from .index import Index
from .logs import Block, Condition

_TOKEN = re.compile(r'\s*(?:([():])|("(?:[^"\\]|\\.)*")|([^\s():"|<>=\[\]#\']+))')
_MOST_TOKENS = 200  # far more than the 30 conditions that Log Service takes
_WORD_OPERATORS = ("and", "or", "not")


def parse(text: str, index: Index) -> Condition:
    """The condition that a query means, for a store with this index.

    Raises LogError for a query that cannot be read, or that names a field without an index.
    """
    tokens = _tokens(text)
    if len(tokens) > _MOST_TOKENS:
        raise _unreadable(f"it has more than {_MOST_TOKENS} words and signs")
    return _Parser(tokens, index).whole()


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    text = text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise _unreadable(f"at {text[at:].strip()!r}")
        tokens.append(found[0].strip())
        at = found.end()
    return tokens


class _Parser:
    """One pass over the tokens; by precedence: a field, `not`, `and` (or nothing), `or`."""

    def __init__(self, tokens: list[str], index: Index) -> None:
        self._tokens = tokens
        self._index = index

    def whole(self) -> Condition:
        if not self._tokens:
            return _everything
        condition = self._either()
        if self._tokens:
            raise _unreadable(f"at {self._tokens[0]!r}")
        return condition

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._next_is("or"):
            self._tokens.pop(0)
            parts.append(self._both())
        if len(parts) == 1:
            return parts[0]
        return lambda block: frozenset().union(*(part(block) for part in parts))

    def _both(self) -> Condition:
        parts = [self._negation()]
        while self._tokens and not self._next_is("or") and not self._next_is(")"):
            if self._next_is("and"):
                self._tokens.pop(0)
            parts.append(self._negation())
        if len(parts) == 1:
            return parts[0]
        return lambda block: block.all.intersection(*(part(block) for part in parts))

    def _negation(self) -> Condition:
        if self._next_is("not"):
            self._tokens.pop(0)
            negated = self._negation()
            return lambda block: block.all - negated(block)
        if self._next_is("("):
            self._tokens.pop(0)
            inner = self._either()
            self._take(")")
            return inner
        return self._words()

    def _words(self) -> Condition:
        word = self._word()
        if self._next_is(":"):
            self._tokens.pop(0)
            return _in_field(self._index, _plain(word), self._word())
        return _everything if word == "*" else lambda block: _anywhere(block, word)

    def _word(self) -> str:
        word = self._tokens.pop(0) if self._tokens else ""
        if not word or word in "():" or word.lower() in _WORD_OPERATORS:
            raise _unreadable(f"a word is missing before {word!r}")
        return word

    def _take(self, token: str) -> None:
        if not self._next_is(token):
            raise _unreadable(f"{token!r} is missing")
        self._tokens.pop(0)

    def _next_is(self, token: str) -> bool:
        return bool(self._tokens) and self._tokens[0].lower() == token


def _everything(block: Block) -> frozenset[int]:
    return block.all


def _anywhere(block: Block, word: str) -> frozenset[int]:
    """The logs that have the words anywhere.

    Guessed: without an index of whole logs, they are looked for in each field that has one.
    """
    if block.index is None:
        return frozenset()
    if block.index.line:
        return block.anywhere(block.index.line.split(_plain(word)))
    fields = (_of_field(block, name, word) for name in block.index.keys)
    return frozenset().union(*fields)


def _in_field(index: Index, name: str, word: str) -> Condition:
    # The message is the documented one: page "Common errors that occur when you query logs".
    if index.find(name) is None:
        raise invalid(
            f"key ({name}) is not config as key value config,if symbol : is in your log,"
            'please wrap : with quotation mark "'
        )
    return lambda block: _of_field(block, name, word)


def _of_field(block: Block, name: str, word: str) -> frozenset[int]:
    found = block.index and block.index.find(name)
    if not found:
        return frozenset()
    return block.in_field(name, [] if word == "*" else found[0].words.split(_plain(word)))


def _plain(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word[1:-1]) if word.startswith('"') else word


def _unreadable(why: str) -> LogError:
    return LogError("InvalidQueryString", f"query string is invalid: {why}")
