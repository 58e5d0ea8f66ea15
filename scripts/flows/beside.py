"""Says who else acts on the findings, where a verb promises what becomes of them."""

from scripts.account import remediation
from scripts.account.findings import all_rule_ids
from scripts.account.remediation import LIST_REMEDIATIONS
from scripts.context import Context, Verb, show_unread
from scripts.errors import CloudError

PERMISSIONS = (LIST_REMEDIATIONS,)


def tell(context: Context, verb: Verb) -> tuple[str, ...] | None:
    """Say which remediations of Cloud Config act by themselves, or that this cannot be seen.

    Returns them, in words; None where that is not known. Never stands in the way of the verb: a
    call that fails is told, with the statement that would let it through.
    """
    try:
        acting = remediation.acting_beside(context.clients, all_rule_ids(context.spec))
    except CloudError as error:
        context.console.say("whether Cloud Config changes buckets by itself is not known", "yellow")
        show_unread(context, verb, [error])
        return None
    if acting:
        context.console.say(remediation.acting_told(acting), "red")
    return tuple(map(str, acting))
