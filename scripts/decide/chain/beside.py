"""Who else acts on the same findings: what the function promises does not bind them."""

from collections.abc import Iterator

from scripts.account.remediation import acting_told
from scripts.decide.chain.facts import Facts, known
from scripts.decide.chain.model import Link, Remark, fault, sound

MEND = "make it manual, or delete it, in the Cloud Config console (Remediation of the rule)"


def _examine(facts: Facts) -> Iterator[Remark]:
    acting = known(facts.remediations)
    # The findings arrive all the same: no reason to stop a deploy.
    yield (
        fault(acting_told(acting), MEND)._replace(deploy_goes_on=True)
        if acting
        else sound("Cloud Config remedies nothing by itself that is the function's to do")
    )


BESIDE = Link("who else acts", ("remediations",), _examine)
