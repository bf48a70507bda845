# SPDX-License-Identifier: Apache-2.0
"""A day on the bus between CERTs: what is sent, what is broken, what must hold at the end."""

import base64
import datetime
import json
import pathlib
import re
import shlex
import subprocess

from stage import PATIENCE, PERIOD, PROJECT, Stopped

# Parents first. Their titles, roles and sectors are those of config/hierarchy-pk.cfg.
NAMES = ("pk", "pk.punjab", "pk.punjab.excise", "pk.sindh", "pk.sindh.kpt", "pk.sindh.health",
         "pk.kp", "pk.kp.police", "pk.telecom", "pk.telecom.exchange", "pk.ntc", "pk.ogdcl",
         "pk.nitb", "pk.mofa", "pk.cabinet")
UPDATES = 20
HALF = UPDATES // 2
KILL_AFTER = HALF // 2


class Message:
    """One that was sent in the story: its id as printed, and whom it is for."""

    def __init__(self, stage, said, origin, to):
        found = re.search(r"^(\S+/\d+-\d+) ", said, re.MULTILINE)
        if not found:
            raise Stopped(f"{origin.title} could not send")
        self.id = found[1]
        self.origin = origin
        self.to = [party for party in stage.parties if to(party)]

    def state(self, party):
        """What the live tree says of a party."""
        record = party.eye.find(self.id)
        if not party.running():
            return "down", "its broker is dead"
        if record is None:
            return ("waits", "not yet") if party in self.to else ("none", "")
        if party is self.origin:
            return "origin", "wrote it"
        words = f"after {record.after} ms"
        return ("has", words) if record.here else ("carries", f"passes it on, {words}")

    def arrived(self):
        return all(party.eye.find(self.id) for party in self.to)

    def receipts(self):
        """Who has told the origin that it is stored there, by the origin's journal."""
        sent = self.origin.eye.find(self.id)
        return {record.origin for record in self.origin.eye.records
                if sent and record.kind == "receipt" and record.thread == sent.ref}


class Story:
    def __init__(self, screen, stage):
        self.screen = screen
        self.stage = stage
        self.top = stage["national"]
        self.root = None

    def send(self, origin, line, to, most=4):
        said = self.stage.show(f"certbus -C {origin} {line}", most=most)
        return Message(self.stage, said, origin, to)

    def follow(self, message, what):
        """The live tree, until everybody has it and the origin knows."""
        others = len([party for party in message.to if party is not message.origin])
        self.stage.wait(lambda: message.arrived() and len(message.receipts()) == others, what,
                        self.stage.tree(message.state))

    def document(self, name, content):
        (self.stage.folder / name).write_text(json.dumps(content, indent=2) + "\n",
                                              encoding="utf-8")

    # 1

    def trust(self):
        self.screen.headline("Trust: one root, and everybody is enrolled by the party above")
        self.screen.prose("The root's key signs for the National CERT and then goes into a safe. "
                          "Each party makes its own keys. What it gives to the party above is a "
                          "request; its code is compared by phone.")
        said = self.stage.show("certbus root create root --top pk")
        self.root = re.search(r"code (\S+)", said)[1]
        codes = [self.enrol(self.top, shown=True)]
        self.stage.launch(self.top)
        for depth in (1, 2):
            level = [party for party in self.stage.parties if party.name.count(".") == depth]
            shown = [party for party in level if party.home in ("sindh", "kpt")]
            codes += [self.enrol(party, shown=True) for party in shown]
            codes += self.stage.at_once(self.enrol, [party for party in level
                                                     if party not in shown])
            self.stage.launch(*level)
        self.screen.print()
        self.screen.prose(f"The same for {len(self.stage.parties) - 3} more, at once. "
                          "Each now runs its own broker: certbusd -C HOME")
        connected = set()

        def everybody():
            connected.update(party for party in self.stage.parties
                             if party not in connected and self.stage.connected(party))
            return len(connected) == len(self.stage.parties)

        def state(party):
            words = " ".join(f"@{sector}" for sector in party.sectors)
            return ("has" if party in connected else "waits"), f"{party.role:<13}{words}"

        self.stage.wait(everybody, "all links are open", self.stage.tree(state))
        self.screen.print()
        self.stage.expect(all(codes), f"{len(codes)} of {len(self.stage.parties)} codes read "
                          "out are those of the requests that arrived")
        self.stage.expect(len(connected) == len(self.stage.parties),
                          f"{len(connected)} of {len(self.stage.parties)} brokers run and are "
                          "connected")

    def enrol(self, party, shown=False):
        """Keys, request, credential, home. Whether the codes at both ends are the same."""
        def run(*words):
            line = shlex.join(map(str, words))
            return self.stage.show(line) if shown else self.stage.quietly(*words)

        listen = ["--listen", f"tcp://{self.stage.host}:*"] if party.may else []
        said = run("certbus", "-C", party, "init", party.name, "--title", party.title, *listen)
        conf = self.stage.folder / party.home / "certbus.conf"
        with conf.open("a", encoding="utf-8") as file:
            path = str(PROJECT / "schemas").replace("\\", "\\\\").replace('"', '\\"')
            file.write(f'schemas = "{path}";\n')
        told = re.search(r"code (\S+)", said)[1]
        request = f"{party.name}.request"
        if party.parent:
            said = run("certbus", "-C", party.parent, "enrol", request, *party.rights(), "--yes")
        else:
            said = run("certbus", "root", "enrol", "root", request, "--policy",
                       "cert-rules-2023.cfg", *party.rights(), "--yes")
        same = re.search(r"^Code\s+(\S+)", said, re.MULTILINE)[1] == told
        if shown:
            self.stage.expect(same, f"the code that {party.short} reads out is the one of the "
                              "request that is here")
        run("certbus", "-C", party, "join", f"{party.name}.credential", "--root", self.root)
        return same

    # 2

    def national(self):
        self.screen.headline("A national advisory, for everyone")
        message = self.send(self.top, "publish advisory.json --tlp GREEN --to 'pk.**'",
                            lambda party: True)
        self.screen.legend("origin", "has", "waits")
        self.follow(message, "everybody has the national advisory, and its origin knows")
        self.stage.show(f"certbus -C national show {message.id} | "
                        "sed -n '/^How far/,/delivered/p'")
        others = len(self.stage.parties) - 1
        self.screen.print()
        self.stage.expect(message.arrived(),
                          f"{self.holders(message)} of {others + 1} brokers have it on disk")
        self.stage.expect(len(message.receipts()) == others,
                          f"{len(message.receipts())} of {others} receipts are back, each "
                          "signed by who stored it")
        return message

    def holders(self, message):
        return sum(bool(party.eye.find(message.id)) for party in self.stage.parties)

    # 3

    def emergency(self):
        stage, sindh, health = self.stage, self.stage["sindh"], self.stage["health"]
        self.screen.headline("An emergency that nobody takes on climbs by itself")
        self.screen.prose("The Sindh Health Department reports an emergency to Sindh's CERT, and "
                          "agrees that it may climb. The policy gives Sindh 15 minutes; for this "
                          "evening they are 3 seconds. Sindh's officer is asleep.")
        self.document("emergency.json", {
            "title": "Hospital records encrypted in three districts (illustrative)",
            "description": "This is an example; it did not happen. Wards work on paper.",
            "severity": "S1", "type": "malicious-code/infected-system", "province": "sindh",
            "sector": "health", "consent": True,
            "times": {"aware": f"{datetime.datetime.now(datetime.timezone.utc):%FT%TZ}"}})
        report = self.send(health, "report emergency.json --to pk.sindh --yes",
                           lambda party: party in (health, sindh))
        stage.wait(report.arrived, "Sindh has it")
        stage.show("certbus -C sindh clocks")
        climbed = self.top.eye
        stage.wait(lambda: self.about(climbed, report, "escalation"),
                   "it has climbed to the National CERT")
        told = self.about(climbed, report, "escalation")
        stage.show(f"certbus -C national show {report.id} | sed -n 1,9p")
        stage.show(f"certbus -C national ack {report.id} --by 'A. Khan' "
                   "--next-update 'in 2 hours' --yes", most=4)
        stage.wait(lambda: self.about(health.eye, report, "update"), "the reporter knows")
        shown = stage.show(f"certbus -C health show {report.id} | grep -i acknowledged")
        self.screen.print()
        woken = self.about(sindh.eye, report, "alarm")
        stage.expect(woken, f"{len(woken)} alarms at Sindh before it climbed")
        stage.expect(len(told) == 1 and told[0].origin == "pk.sindh",
                     "Sindh's broker escalated it, once, with the signed report inside")
        stage.expect("A. Khan" in shown, "a person at the National CERT has it, and the hospital "
                     "knows the name")

    @staticmethod
    def about(eye, report, kind):
        return [record for record in eye.records if record.kind == kind and record.thread and
                record.thread[0] == report.origin.name and
                f"{record.thread[0]}/{record.thread[1]}-{record.thread[3]}" == report.id]

    # 4

    def compliance(self, message):
        stage = self.stage
        self.screen.headline("Who has done what the national advisory asks")
        answers = [("kpt", "comply {} --action A1 --action A2 --done --evidence '0 hits in 30 days'"),
                   ("kpt", "comply {} --action A3 --not-applicable --reason 'no hit'"),
                   ("mofa", "ack {} --applicable"),
                   ("ogdcl", "comply {} --all --waive --reason 'plant network, no mail there' "
                             "--approver 'CISO'")]
        for home, line in answers:
            stage.show(f"certbus -C {home} {line.format(message.id)} --by 'Duty officer' --yes",
                       most=2)
        sent = self.top.eye.find(message.id)
        stage.wait(lambda: len([record for record in self.top.eye.records
                                if record.kind == "compliance" and record.thread == sent.ref])
                   >= len(answers), "their answers are at the National CERT")
        said = stage.show(f"certbus -C national compliance {message.id}", most=30)
        self.screen.print()
        stage.expect("Sindh" in said, "the table fills, by province")

    # 5

    def sindh(self):
        self.screen.headline("An advisory of Sindh's CERT, for Sindh")
        self.document("sindh.json", {
            "number": "SINDH-2026-007", "severity": "S3",
            "title": "Mail that pretends to come from the Karachi traffic police (illustrative)",
            "summary": "This is an example. The attachment is a remote access tool."})
        sindh = self.stage["sindh"]
        message = self.send(sindh, "publish sindh.json --tlp GREEN",
                            lambda party: (party.name + ".").startswith("pk.sindh."))
        self.screen.legend("origin", "has", "none")
        self.follow(message, "Sindh has its advisory")
        self.stage.show(f"certbus -C punjab show {message.id}", code=1)
        self.screen.print()
        self.stage.expect(self.holders(message) == len(message.to) == 3,
                          f"{self.holders(message)} brokers have it: Sindh's and those below it; "
                          "Punjab's and the rest never saw it")
        return message

    # 6

    def telecom(self):
        self.screen.headline("An advisory of the Telecom CERT to its sector, wherever it hangs")
        self.document("telecom.json", {
            "number": "TELECOM-2026-003", "severity": "S2",
            "title": "Signalling messages from abroad that ask for locations (illustrative)",
            "summary": "This is an example. Filter them at the border, and tell us what you see."})
        message = self.send(self.stage["telecom"],
                            "publish telecom.json --tlp AMBER --to @telecom",
                            lambda party: "telecom" in party.sectors)
        self.screen.legend("origin", "has", "carries", "none")
        self.follow(message, "the telecom sector has its advisory")
        readers = [party for party in self.stage.parties
                   if (record := party.eye.find(message.id)) and record.here]
        carriers = [party for party in self.stage.parties
                    if party.eye.find(message.id) and party not in readers]
        self.screen.print()
        self.stage.expect(readers == message.to, f"{len(readers)} of {len(message.to)} members "
                          "of the sector have it, below the Telecom CERT and elsewhere")
        self.stage.expect(
            all(party.may for party in carriers),
            f"{len(carriers)} CERTs only carry it, as members may be below them; "
            "no other organisation has it")
        return message

    # 7

    def csaf(self):
        self.screen.headline("An advisory that came as a CSAF 2.0 document")
        message = self.send(self.top, "publish --csaf advisory-csaf.json", lambda party: True)
        self.screen.legend("origin", "has", "waits")
        self.follow(message, "everybody has the CSAF advisory")
        self.stage.show(f"certbus -C mofa show {message.id} | "
                        "grep -E '^(From|TLP|Code)|^    (number|title|severity)|(cve|score): '")
        shown = json.loads(self.stage.quietly("certbus", "-C", "mofa", "--json", "show",
                                              message.id))
        original = base64.b64decode(shown["body"].get("original", {}).get("content", ""))
        self.screen.print()
        self.stage.expect(self.holders(message) == len(self.stage.parties),
                          f"{self.holders(message)} of {len(self.stage.parties)} brokers have it")
        self.stage.expect(
            original == (self.stage.folder / "advisory-csaf.json").read_bytes(),
            "the original document is inside, byte for byte, for whoever has other tools")
        return message

    # 8

    def incident(self):
        stage, sindh, kpt = self.stage, self.stage["sindh"], self.stage["kpt"]
        self.screen.headline("An incident at KPT climbs, and Sindh's broker dies on the way")
        self.kill_shown(sindh)
        above = [sindh, self.top]
        report = self.send(kpt, "report incident.json", lambda party: party in [kpt, *above])
        self.screen.legend("origin", "waits", "none", "down")
        stage.wait(lambda: kpt.eye.find(report.id), "KPT has stored its report",
                   stage.tree(report.state))
        stage.show(f"certbus -C kpt show {report.id} | sed -n '/^How far/,$p'")
        self.screen.print()
        stage.expect(kpt.eye.find(report.id) and not self.top.eye.find(report.id),
                     "the report is safe on KPT's disk, and can go nowhere yet")
        self.start_shown(sindh)
        self.screen.legend("origin", "has", "waits", "none")
        self.follow(report, "the report has climbed to Sindh and to the National CERT")
        self.screen.print()
        stage.expect(report.receipts() == {party.name for party in above},
                     f"{len(report.receipts())} of 2 receipts are back at KPT: Sindh and the "
                     "National CERT have the report")
        return report, self.updates(report, kpt, sindh)

    def kill_shown(self, party):
        self.screen.command(f"kill -9 {party.process.pid}     # the broker of {party.title}")
        self.stage.kill9(party)

    def start_shown(self, party):
        self.screen.command(f"certbusd -C {party}     # it comes back")
        self.stage.launch(party)

    def updates(self, report, kpt, sindh):
        """A run of messages, and kill -9 in the middle of it."""
        self.screen.print()
        self.screen.prose(f"KPT now sends {UPDATES} updates. Sindh's broker is killed again "
                          "while the first pass through it, and the others are sent while it is "
                          "dead.")
        for number in range(1, UPDATES + 1):
            self.document(f"update-{number}.json",
                          {"text": f"Situation report {number}: {number} of 21 servers are back "
                                   "(illustrative)."})
        above = [sindh, self.top]
        line = ("for n in $(seq {} {}); do certbus -C kpt publish update-$n.json --kind update "
                f"--tlp AMBER --thread {report.id} --to pk.sindh --to pk; done")
        self.screen.command(line.format(1, HALF))
        with subprocess.Popen(["bash", "-c", line.format(1, HALF)], cwd=self.stage.folder,
                              env=self.stage.environment, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as sender:
            self.stage.wait(lambda: len(self.in_case(sindh, report)) >= KILL_AFTER,
                            f"Sindh has {KILL_AFTER} updates")
            at_kill = len(self.in_case(sindh, report))
            self.kill_shown(sindh)
            first, _ = sender.communicate(timeout=PATIENCE)
        self.screen.command(line.format(HALF + 1, UPDATES))
        _, second = self.stage.run(line.format(HALF + 1, UPDATES))
        sent = re.findall(r"^(\S+/\d+-\d+) ", first + second, re.MULTILINE)
        if len(sent) != UPDATES:
            self.screen.output(first + second)
        self.start_shown(sindh)

        def state(party):
            if not party.running():
                return "down", "its broker is dead"
            if party is kpt:
                return "origin", "wrote them"
            count = len(self.in_case(party, report))
            if party not in above:
                return ("has", f"{count}") if count else ("none", "")
            return ("has" if count >= UPDATES else "waits"), f"{count} of {UPDATES}"

        self.stage.wait(lambda: all(len(self.in_case(party, report)) >= len(sent)
                                    for party in above),
                        "all updates are at Sindh and the National CERT", self.stage.tree(state))
        self.screen.print()
        self.stage.expect(len(sent) == UPDATES, f"{len(sent)} of {UPDATES} updates were taken by "
                          "KPT's own broker")
        self.stage.expect(KILL_AFTER <= at_kill < UPDATES,
                          f"Sindh had stored {at_kill} of them when it was killed")
        for party in above:
            held = [record.id for record in self.stage.journal(party) if record.id in sent]
            self.stage.expect(
                held == sent, f"{party.title}: {len(set(held) & set(sent))} of {UPDATES}, "
                f"{len(held) - len(set(held))} twice, {'in order' if held == sent else 'NOT so'}")
        return sent

    @staticmethod
    def in_case(party, report):
        origin = report.origin.eye.find(report.id)
        return [record for record in party.eye.records
                if record.kind == "update" and origin and record.thread == origin.ref]

    # 9

    def forgery(self):
        stage, sindh, kpt = self.stage, self.stage["sindh"], self.stage["kpt"]
        self.screen.headline("A forged national advisory")
        self.screen.prose("Somebody has stolen KPT's keys, stops its broker, and uses a program "
                          "of their own: it signs an advisory as the National CERT and sends it "
                          "up, over KPT's link.")
        self.document("forged.json", {
            "number": "NCERT-2026-015", "severity": "S1",
            "title": "Install the attached update at once (forged, illustrative)",
            "summary": "This is an example of what must never arrive."})
        stopped = stage.stop(kpt)
        forge = shlex.quote(str(pathlib.Path(__file__).with_name("forge.py")))
        words = "kpt forged.json --as pk --out forged.certbus"
        self.screen.command(f"forge.py {words}")
        code, said = stage.run(f"/usr/bin/python3 {forge} {words}")
        self.screen.output(said)
        if code == 0:
            stage.wait(lambda: stage.journal(sindh, quarantine=True),
                       "it is in quarantine at Sindh")
        listed = stage.show("certbus -C sindh list --quarantine")
        forged = next((record for record in stage.journal(sindh, quarantine=True)), None)
        self.screen.print()
        stage.expect(code == 0 and "bad-signature" in said,
                     "refused at the first broker: the signature is not the National CERT's")
        stage.expect(forged and forged.sender == "pk.sindh.kpt" and "[bad-signature]" in listed,
                     "kept in Sindh's quarantine, with the reason and over whose link it came")
        self.elsewhere(forged, kpt, sindh)
        stage.launch(kpt)
        stage.wait(lambda: stage.connected(kpt), "KPT's own broker is back")
        stage.expect(stopped and stage.connected(kpt), "KPT's own broker is back and connected")

        self.screen.print()
        self.screen.prose("And an honest mistake: an organisation that publishes to the nation.")
        said = stage.show("certbus -C ogdcl publish advisory.json --tlp GREEN --to 'pk.**'",
                          code=1)
        self.screen.print()
        stage.expect("no-grant" in said, "refused by its own broker, before it was stored")
        return forged

    def elsewhere(self, forged, kpt, sindh):
        """Nobody took it, and nobody but Sindh has even seen it."""
        others = [party for party in self.stage.parties if party not in (kpt, sindh)]
        seen = [party for party in others if self.stage.journal(party, quarantine=True)]
        took = [party for party in [*others, sindh]
                if forged and any(record.leaf == forged.leaf
                                  for record in self.stage.journal(party))]
        self.stage.expect(forged and not seen and not took,
                          f"{len(took)} brokers took it, and it came no further than Sindh")

    # 10

    def verify(self, message):
        self.screen.headline("Is it genuine? Checked from a file, offline, with the root's code")
        show = self.stage.show
        show(f"certbus -C mofa export {message.id} --out advisory.certbus")
        said = show(f"certbus verify advisory.certbus --root {self.root} | sed -n 1,4p")
        genuine = said.startswith("GENUINE") and "pk (National CERT" in said
        show("LC_ALL=C sed 's/Forged advisories/Former advisories/' advisory.certbus "
             ">altered.certbus")
        said = show(f"certbus verify altered.certbus --root {self.root}", code=4)
        altered = said.startswith("NOT GENUINE")
        said = show(f"certbus verify forged.certbus --root {self.root}", code=4)
        self.screen.print()
        self.stage.expect(genuine, "the advisory is genuine, and says who signed it")
        self.stage.expect(altered, "the same with one word changed is not")
        self.stage.expect(said.startswith("NOT GENUINE") and "bad-signature" in said,
                          "the forged one is not, though it names the National CERT's credential")

    # 11

    def count(self, columns):
        """Each journal is read again from its first entry; what is in it is counted."""
        self.screen.headline("Who holds what, counted in all journals from their first entry")
        journals = {party: self.stage.journal(party) for party in self.stage.parties}
        counts = {party: [] for party in self.stage.parties}
        wrong = []
        for title, ids, readers in columns:
            for party in self.stage.parties:
                held = [record for record in journals[party] if record.id in ids]
                here = [record for record in held if record.here]
                counts[party].append((len(here), len(held) - len(here)))
                if len(here) != (len(ids) if party in readers else 0):
                    wrong.append(f"{party.title}, {' '.join(title)}: {len(here)}")
                if len(held) - len(here) and not party.may:
                    wrong.append(f"{party.title}, {' '.join(title)}: carried")
        self.table([title for title, _, _ in columns], counts, columns)
        total = sum(len(journal) for journal in journals.values())
        self.screen.print()
        self.screen.prose("(n): on its way to others, not for this party. "
                          f"All journals together: {total} entries.")
        self.screen.print()
        twice = sum(len(journal) - len({record.leaf for record in journal})
                    for journal in journals.values())
        self.stage.expect(not wrong, "everyone has exactly what is for them, and nobody anything "
                          "else" + "".join(f"; {line}" for line in wrong))
        self.stage.expect(not twice, f"{twice} entries are anywhere twice")

    # 12

    def bulletin(self):
        stage, cabinet = self.stage, self.stage["cabinet"]
        self.screen.headline("The Cabinet's bulletin: drafted by the broker, approved by a person")
        self.screen.prose("The National CERT's broker drafts it at the end of each period from "
                          "cases, ledgers and clocks. An officer gives it its words.")
        stage.wait(lambda: any(record.kind == "bulletin" for record in self.top.eye.records),
                   "the draft is there", most=PERIOD)
        stage.show("certbus -C national bulletin --edit --threat-level elevated --yes "
                   "--headline 'Hospital records encrypted; wards work on paper' "
                   "--outlook 'Test your restores this week.'", most=3)
        stage.show("certbus -C national bulletin --approve --by 'A. Khan' --yes", most=6)
        stage.wait(lambda: any(record.kind == "bulletin" for record in cabinet.eye.records),
                   "the Cabinet Division has it")
        said = stage.show("certbus -C cabinet bulletin --text", most=40)
        stage.show("certbus -C cabinet bulletin --html >bulletin.html")
        page = (stage.folder / "bulletin.html").read_text(encoding="utf-8")
        others = [party for party in stage.parties if party not in (self.top, cabinet)]
        stage.wait(lambda: all(any(record.kind == "bulletin" for record in party.eye.records)
                               for party in others), "everybody else has theirs")
        green = stage.quietly("certbus", "-C", "mofa", "bulletin", "--text")
        self.screen.print()
        stage.expect("wards work on paper" in said, "the Cabinet Division reads it, signed by "
                     "the National CERT")
        stage.expect("<svg" in page and "wards work on paper" in page,
                     "a page to print, with its charts: bulletin.html")
        stage.expect("wards work on paper" in green and "sindh.health" not in green,
                     f"{len(others)} others have the edition that names nobody")

    def table(self, titles, counts, columns):
        label = (lambda party: party.title) if self.screen.room() >= 120 else str
        width = max(len(label(party)) for party in counts)
        first = " ".join(f"{title[0]:>9}" for title in titles)
        second = " ".join(f"{title[1]:>9}" for title in titles)
        self.screen.print()
        self.screen.say(self.screen.paint("bold", f"{'':{width}} {first}"),
                        self.screen.paint("bold", f"{'':{width}} {second}"))
        for party, row in counts.items():
            cells = " ".join(f"{here or (f'({carried})' if carried else '-'):>9}"
                             for here, carried in row)
            self.screen.say(f"{label(party):{width}} {cells}")
        held = " ".join(f"{sum(row[at][0] for row in counts.values()):>9}"
                        for at in range(len(titles)))
        due = " ".join(f"{len(ids) * len(readers):>9}" for _, ids, readers in columns)
        self.screen.say(f"{'held':>{width}} {held}", f"{'expected':>{width}} {due}")

    def tell(self):
        self.trust()
        self.stage.show("certbus -C cabinet subscribe pk bulletin --edition cabinet --yes", most=2)
        national = self.national()
        self.emergency()
        self.compliance(national)
        sindh = self.sindh()
        telecom = self.telecom()
        csaf = self.csaf()
        report, updates = self.incident()
        forged = self.forgery()
        self.verify(national)
        self.count([(title, [message.id], message.to) for title, message in
                    ((("national", "advisory"), national), (("Sindh", "advisory"), sindh),
                     (("@telecom", "advisory"), telecom), (("CSAF", "advisory"), csaf),
                     (("KPT's", "report"), report))]
                   + [(("KPT's", f"{UPDATES} news"), updates, report.to),
                      (("forged", "advisory"), [forged.id] if forged else [], [])])
        self.bulletin()
