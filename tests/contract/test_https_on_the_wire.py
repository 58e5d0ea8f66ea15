"""The statement against http on the wire, as the function puts it: byte by byte."""

from resource_repair.exemptions import Exemptions
from resource_repair.oss import BucketState
from resource_repair.remediations import https
from resource_repair.remediations.frame import Case
from resource_repair.timing import Clock
from tests.contract.test_oss_gateway import Answer, Server, bucket, closed, server

__all__ = ["closed", "server"]


def test_the_statement_against_http_is_put_as_its_pages_have_it(server: Server) -> None:
    """For the bucket and all in it, with the owner's id; beside what is there, byte for byte."""
    theirs = '{"Effect":"Allow","Principal":["20"],"Action":"oss:Get*","Resource":"站点/*"}'
    ours = (
        '{"Effect":"Deny","Principal":["*"],"Action":["oss:*"],"Resource":'
        '["acs:oss:*:7:config-snapshot","acs:oss:*:7:config-snapshot/*"],'
        '"Condition":{"Bool":{"acs:SecureTransport":["false"]}}}'
    )
    there = BucketState("config-snapshot", "7", "private", "", "", None, "")
    case = Case("config-snapshot", Exemptions(), None, Clock(), {})
    for before, after in (("", ours), (theirs, f"{theirs},{ours}")):
        text = f'{{"Version":"1","Statement":[{before}]}}' if before else ""
        state = there._replace(policy=text)
        aim = https.wanted(case, state, None, False)
        server.answer = Answer()
        assert https.write(bucket(server.url), state, aim) == "REQUEST-ID"
        assert server.bodies[-1].decode() == f'{{"Version":"1","Statement":[{after}]}}'
