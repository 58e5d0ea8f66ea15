"""What Function Compute refuses: page "Error codes" of its API, and the codes seen by running."""

STATUS = {
    "InvalidArgument": 400,
    "MissingRequiredHeader": 400,
    "PathNotSupported": 400,
    "EntityTooLarge": 400,
    "AccessDenied": 403,
    "InvalidAccessKeyID": 403,
    "SignatureNotMatch": 403,
    "ServiceNotFound": 404,
    "FunctionNotFound": 404,
    "TriggerNotFound": 404,
    "AsyncConfigNotExists": 404,
    "ConcurrencyConfigNotFound": 404,
    "ServiceAlreadyExists": 409,
    "FunctionAlreadyExists": 409,
    "TriggerAlreadyExists": 409,
    "PreconditionFailed": 412,
    "ResourceExhausted": 429,
    "NotImplemented": 501,
    "ServiceUnavailable": 503,
    # Guessed: these codes; that such calls are refused is documented.
    "InternalServerError": 500,
    "InvalidSecurityToken": 403,
    "SecurityTokenExpired": 403,
    "RequestTimeTooSkewed": 403,
    "AliasNotFound": 404,
    "VersionNotFound": 404,
    "VpcBindingNotFound": 404,
    "CodeNotFound": 404,
    "ServiceNotEmpty": 409,
    "FunctionNotEmpty": 409,
}


class FcError(Exception):
    """A refusal: `code` as Function Compute names it (`FunctionNotFound`), and a message.

    `status` is the HTTP status that goes with the code (also part of a failure's envelope).
    """

    def __init__(self, code: str, message: str, status: int = 0) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status or STATUS[code]


def invalid(message: str) -> FcError:
    """An argument that Function Compute does not take."""
    return FcError("InvalidArgument", message)
