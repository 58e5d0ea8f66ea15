"""What the state of MNS refuses to do, and how its interfaces say so."""

from ..service import ApiError


class MnsError(Exception):
    """Whatever the state refuses."""


class NotExistError(MnsError, KeyError):
    """There is no topic, queue or subscription (`kind`) of this name."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(name)
        self.kind = kind


class AlreadyExistsError(MnsError):
    """There is one of that name already, and its attributes are others."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"there is another {kind.lower()} named {name}")
        self.kind = kind


class InvalidNameError(MnsError):
    """A name that a topic or queue cannot have."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"not a {kind.lower()} name: {name!r}")
        self.kind = kind


class NameLengthError(MnsError):
    """A name longer than `limit` characters."""

    def __init__(self, kind: str, limit: int) -> None:
        super().__init__(f"the {kind.lower()} name has more than {limit} characters")
        self.kind = kind
        self.limit = limit


class TooManyError(MnsError):
    """One more than there may be of a kind."""

    def __init__(self, kind: str, limit: int) -> None:
        super().__init__(f"there are {limit} {kind.lower()}s already")
        self.kind = kind


class EndpointInvalidError(MnsError):
    """An endpoint that nothing can be delivered to."""


class TagTooLongError(MnsError):
    """A message's or a filter's tag above the maximum length."""


class MessageTooLongError(MnsError):
    """A body above the maximum size of its queue or topic."""


class ReceiptHandleError(MnsError):
    """A receipt handle that was never given out, or is no longer its message's."""


def as_api_error(error: MnsError) -> ApiError:
    """The refusal in the words of the page "Error codes"."""
    match error:
        case NotExistError(kind=kind):
            message = f"The {kind.lower()} name you provided is not exist."
            return ApiError(404, f"{kind}NotExist", message)
        case AlreadyExistsError(kind=kind):
            message = f"The {kind.lower()} you want to create is already exist."
            return ApiError(409, f"{kind}AlreadyExist", message)
        case InvalidNameError(kind=kind):
            code = "InvalidQueueName" if kind == "Queue" else f"{kind}NameInvalid"
            message = f"The {kind.lower()} name you provided is invalid: it has letters, digits"
            return ApiError(400, code, f"{message} and hyphens only, and does not begin with one.")
        case NameLengthError(kind=kind):
            return ApiError(400, f"{kind}NameLengthError", f"{error}.")
        case TooManyError(kind=kind):
            # Guessed: that topics' and subscriptions' codes are like the one of queues.
            return ApiError(400, f"{kind}NumExceededLimit", f"{error}.")
        case EndpointInvalidError():
            return ApiError(
                400, "EndpointInvalid", f"The endpoint you provided is invalid: {error}."
            )
        case ReceiptHandleError():
            # Guessed: that an expired handle is refused with the same code as an unknown one.
            message = "The receipt handle you provide is not valid."
            return ApiError(400, "ReceiptHandleError", message)
    return invalid_argument(f"{error}.")


def invalid_argument(message: str) -> ApiError:
    """A value that MNS does not take."""
    return ApiError(400, "InvalidArgument", message)
