"""What the state of Cloud Config refuses to do."""


class ConfigError(Exception):
    """Whatever the state refuses; `str()` names what it was asked for."""


class NoSuchRuleError(ConfigError, KeyError):
    """There is no rule of that id."""


class RuleExistsError(ConfigError):
    """Another rule has that name."""


class RuleInactiveError(ConfigError):
    """A rule that is switched off evaluates nothing."""


class UnknownManagedRuleError(ConfigError, ValueError):
    """Not a managed rule, or none that is known here."""


class RemediationExistsError(ConfigError):
    """A rule has one remediation at most."""


class NoSuchChannelError(ConfigError, KeyError):
    """There is no delivery channel of that id."""


class TooManyChannelsError(ConfigError):
    """An account has at most five delivery channels."""


class InvalidTopicArnError(ConfigError, ValueError):
    """Not `acs:mns:<region>:<account>:/topics/<topic>`."""


class InvalidConditionError(ConfigError, ValueError):
    """Not a list of RuleRiskLevel and ResourceType filters in JSON."""


class TopicUnreachableError(ConfigError):
    """A channel's topic is not there, or not of this region and account."""
