/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/make_vectors/make.h"

#include <stdio.h>

static const char OK[] = "ok", BAD[] = "malformed";

#define NEVER "[0, 0, 0, b(32,00)]"
#define FOUR  "[" NEVER ", " NEVER ", " NEVER ", " NEVER "]"

static const char hello[] =
    "verb=1;session=b(16,05);versions=[1, 1];party='pk.sindh';epochs=[[1, 7, 40]];"
    "cursors=" FOUR ";held=nil;policy=1;time=now;credits=[1, 2, 3, 4];software='x 1'",
                  welcome[] =
                      "verb=2;session=b(16,05);versions=[1, 1];party='pk';epochs=[[1, 9, 0]];"
                      "cursors=" FOUR ";held=[1, 7, 3];policy=1;time=now;credits=[1, 2, 3, 4];"
                      "software=''",
                  data[] =
                      "verb=3;session=b(16,05);epoch=[1, 7];lane=1;prev=3;last=5;chain=b(32,01);"
                      "credentials=[];envelopes=[#00]",
                  ack[] = "verb=4;session=b(16,05);epoch=[1, 7];lane=2;position=5;credit=65536",
                  recover[] = "verb=5;session=b(16,05);cursor=" NEVER,
                  reject[] = "verb=6;session=b(16,05);reason=20;detail='audience[0]';hash=b(32,02)",
                  busy[] = "verb=7;session=b(16,05);ms=1000",
                  request[] = "verb=8;session=b(16,05);bin=#00",
                  reply[] = "verb=9;session=b(16,05);bin=#00", ping[] = "verb=10;session=b(16,05)",
                  pong[] = "verb=11;session=b(16,05)", bye[] = "verb=12;session=b(16,05)";

static const struct {
    const char *fields, *name, *changes, *expect;
} all[] = {
    { hello, "HELLO", "", OK },
    { hello, "HELLO with an element too many", "+=nil", BAD },
    { hello, "HELLO with an element too few", "software=", BAD },
    { hello, "HELLO with a session of 15 bytes", "session=b(15,05)", BAD },
    { hello, "HELLO for several versions", "versions=[1, 4294967295]", OK },
    { hello, "HELLO for versions the wrong way round", "versions=[2, 1]", BAD },
    { hello, "HELLO for version 0", "versions=[0, 1]", BAD },
    { hello, "HELLO for one version", "versions=[1]", BAD },
    { hello, "HELLO of no party", "party='PK'", BAD },
    { hello, "HELLO without epochs", "epochs=[]", BAD },
    { hello, "HELLO with 64 epochs", "epochs=r(64,[1, 7, 0])", OK },
    { hello, "HELLO with 65 epochs", "epochs=r(65,[1, 7, 0])", BAD },
    { hello, "HELLO with an epoch of counter 0", "epochs=[[0, 7, 0]]", BAD },
    { hello, "HELLO with an epoch without its end", "epochs=[[1, 7]]", BAD },
    { hello, "HELLO with an epoch that ends beyond the last position",
      "epochs=[[1, 7, 9007199254740992]]", BAD },
    { hello, "HELLO with three cursors", "cursors=[" NEVER ", " NEVER ", " NEVER "]", BAD },
    { hello, "HELLO with a cursor that was read",
      "cursors=[[1, 9, 3, b(32,03)], " NEVER ", " NEVER ", " NEVER "]", OK },
    { hello, "HELLO with a cursor at the beginning that has a chain",
      "cursors=[[1, 9, 0, b(32,03)], " NEVER ", " NEVER ", " NEVER "]", OK },
    { hello, "HELLO with a cursor never read that has a nonce",
      "cursors=[[0, 1, 0, b(32,00)], " NEVER ", " NEVER ", " NEVER "]", BAD },
    { hello, "HELLO with a cursor never read that has a position",
      "cursors=[[0, 0, 1, b(32,00)], " NEVER ", " NEVER ", " NEVER "]", BAD },
    { hello, "HELLO with a cursor never read that has a chain",
      "cursors=[[0, 0, 0, b(32,01)], " NEVER ", " NEVER ", " NEVER "]", BAD },
    { hello, "HELLO with a chain of 31 bytes",
      "cursors=[[1, 9, 3, b(31,03)], " NEVER ", " NEVER ", " NEVER "]", BAD },
    { hello, "HELLO that holds a message", "held=[1, 9, 4]", OK },
    { hello, "HELLO that holds message 0", "held=[1, 9, 0]", BAD },
    { hello, "HELLO that holds a message of no epoch", "held=[0, 9, 1]", BAD },
    { hello, "HELLO that holds a reference", "held=['pk', 1, 9, 1]", BAD },
    { hello, "HELLO with a policy version of 33 bits", "policy=4294967296", BAD },
    { hello, "HELLO without a policy", "policy=0", OK },
    { hello, "HELLO after time", "time=253402300800000", BAD },
    { hello, "HELLO with three credits", "credits=[1, 2, 3]", BAD },
    { hello, "HELLO with a negative credit", "credits=[1, 2, 3, -1]", BAD },
    { hello, "HELLO with the largest credit", "credits=[!cfffffffffffffffff, 0, 0, 0]", OK },
    { hello, "HELLO of software of 64 bytes", "software=s(64,v)", OK },
    { hello, "HELLO of software of 65 bytes", "software=s(65,v)", BAD },
    { welcome, "WELCOME", "", OK },
    { welcome, "WELCOME that leaves versions open", "versions=[1, 2]", BAD },
    { welcome, "WELCOME for version 2", "versions=[2, 2]", OK },
    { data, "DATA", "", OK },
    { data, "DATA with an element too many", "+=nil", BAD },
    { data, "DATA with an element too few", "envelopes=", BAD },
    { data, "DATA of an epoch of counter 0", "epoch=[0, 0]", BAD },
    { data, "DATA of an epoch of three", "epoch=[1, 7, 5]", BAD },
    { data, "DATA in the recovery lane", "lane=3", OK },
    { data, "DATA in lane 4", "lane=4", BAD },
    { data, "DATA from the beginning", "prev=0", OK },
    { data, "DATA that goes backwards", "prev=6", BAD },
    { data, "DATA that goes nowhere", "prev=5", OK },
    { data, "DATA that goes nowhere with nothing in it", "prev=5;envelopes=[]", OK },
    { data, "DATA up to the last position", "last=9007199254740991", OK },
    { data, "DATA beyond the last position", "last=9007199254740992", BAD },
    { data, "DATA with a negative position", "prev=-1", BAD },
    { data, "DATA without a chain", "chain=nil", BAD },
    { data, "DATA with a chain of 33 bytes", "chain=b(33,01)", BAD },
    { data, "DATA with 64 credentials", "credentials=r(64,#00)", OK },
    { data, "DATA with 65 credentials", "credentials=r(65,#00)", BAD },
    { data, "DATA with an empty credential", "credentials=[#]", BAD },
    { data, "DATA with a credential that is a str", "credentials=['x']", BAD },
    { data, "DATA with 1024 envelopes", "envelopes=r(1024,#00)", OK },
    { data, "DATA with 1025 envelopes", "envelopes=r(1025,#00)", BAD },
    { data, "DATA with an empty envelope", "envelopes=[#]", BAD },
    { data, "DATA with an envelope that is not in a bin", "envelopes=[[]]", BAD },
    { data, "DATA without a list of envelopes", "envelopes=nil", BAD },
    { data, "DATA of 393000 bytes", "envelopes=[b(392900,00)]", OK },
    { data, "DATA of more than 393216 bytes", "envelopes=[b(393216,00)]", BAD },
    { ack, "ACK", "", OK },
    { ack, "ACK of an epoch of counter 0", "epoch=[0, 0]", BAD },
    { ack, "ACK in lane 4", "lane=4", BAD },
    { ack, "ACK beyond the last position", "position=9007199254740992", BAD },
    { ack, "ACK with a negative credit", "credit=-1", BAD },
    { ack, "ACK without a credit", "credit=", BAD },
    { recover, "RECOVER", "", OK },
    { recover, "RECOVER from a position", "cursor=[2, 1, 3, b(32,03)]", OK },
    { recover, "RECOVER from a position in no epoch", "cursor=[0, 0, 3, b(32,03)]", BAD },
    { recover, "RECOVER from a cursor of three", "cursor=[2, 1, 3]", BAD },
    { reject, "REJECT of a message", "", OK },
    { reject, "REJECT of a session", "hash=nil", OK },
    { reject, "REJECT for a reason that is not known", "reason=4294967295", OK },
    { reject, "REJECT for a reason of 33 bits", "reason=4294967296", BAD },
    { reject, "REJECT for a reason in words", "reason='no-grant'", BAD },
    { reject, "REJECT with 160 bytes of detail", "detail=s(160,d)", OK },
    { reject, "REJECT with 161 bytes of detail", "detail=s(161,d)", BAD },
    { reject, "REJECT with a detail of nil", "detail=nil", BAD },
    { reject, "REJECT of a hash of 16 bytes", "hash=b(16,02)", BAD },
    { busy, "BUSY", "", OK },
    { busy, "BUSY for ever", "ms=253402300799999", OK },
    { busy, "BUSY for longer", "ms=253402300800000", BAD },
    { busy, "BUSY for a negative time", "ms=-1", BAD },
    { request, "REQUEST", "", OK },
    { request, "REQUEST of nothing", "bin=#", BAD },
    { request, "REQUEST of 65536 bytes", "bin=b(65536,00)", OK },
    { request, "REQUEST of 65537 bytes", "bin=b(65537,00)", BAD },
    { reply, "REPLY", "", OK },
    { reply, "REPLY that is a str", "bin='x'", BAD },
    { ping, "PING", "", OK },
    { ping, "PING with an element too many", "+=nil", BAD },
    { ping, "PING without a session", "session=", BAD },
    { ping, "PING with a session of nil", "session=nil", BAD },
    { ping, "PING with a session of 17 bytes", "session=b(17,05)", BAD },
    { ping, "PING with its verb in a longer form", "verb=!cc0a", BAD },
    { pong, "PONG", "", OK },
    { bye, "BYE", "", OK },
    { bye, "a verb that is none", "verb=13", BAD },
    { bye, "verb 0", "verb=0", BAD },
    { bye, "verb 256 and 12", "verb=268", BAD },
    { bye, "a verb in words", "verb='bye'", BAD },
};

void make_frame (void)
{
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        vector ("frame", all[i].name,
                json_pack ("{s:o}", "bytes", hex (record (all[i].fields, all[i].changes))),
                all[i].expect);
    struct span good = record (ping, "");
    vector ("frame", "a byte after a frame",
            json_pack ("{s:o}", "bytes", hex (joined (good, span_of ("x")))), BAD);
    vector ("frame", "half a frame",
            json_pack ("{s:o}", "bytes", hex (span_bytes (good.data, good.size / 2))), BAD);
    vector ("frame", "an empty array", json_pack ("{s:s}", "bytes", "90"), BAD);
    vector ("frame", "a map", json_pack ("{s:s}", "bytes", "80"), BAD);
    vector ("frame", "no bytes at all", json_pack ("{s:s}", "bytes", ""), BAD);
}
