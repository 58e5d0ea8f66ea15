"""What is wrong with a spec, where, and what to do about it."""

from scripts.errors import UsageError


class SpecError(UsageError):
    """A spec that cannot be used: `at` is the path of the key (`services.repair.props.region`)."""

    def __init__(self, at: str, problem: str, remedy: str) -> None:
        super().__init__(": ".join(filter(None, ("s.yaml", at, f"{problem}; {remedy}"))))
        self.at = at
        self.problem = problem
        self.remedy = remedy
