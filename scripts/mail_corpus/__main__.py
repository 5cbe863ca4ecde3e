#!/usr/bin/env python3
"""Writes tests/corpus/mail: mails after the habits of real programs, each with what it means.

    python3 scripts/mail_corpus            writes the files
    python3 scripts/mail_corpus --check    says which files differ, and fails when any does

Each mail is a `.eml` a person can open, with a `.json` of the same name: the envelope where the door knows one, and the
expected reading. The readings are written by hand in `people.py` and `machines.py`; nothing here asks the program. Mails
added to the folder by hand are left alone.
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import machines
import people


def main():
    folder = pathlib.Path(__file__).resolve().parents[2] / "tests" / "corpus" / "mail"
    check = "--check" in sys.argv[1:]
    wrong, n = [], 0
    for name, raw, reading, more in [*people.cases(), *machines.cases()]:
        text = json.dumps({**more, **reading}, ensure_ascii=False, indent=1) + "\n"
        for path, data in ((folder / f"{name}.eml", raw), (folder / f"{name}.json", text.encode())):
            if check:
                if not path.exists() or path.read_bytes() != data:
                    wrong.append(str(path))
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        n += 1
    print(f"{n} mails")
    for path in wrong:
        print(f"differs: {path}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
