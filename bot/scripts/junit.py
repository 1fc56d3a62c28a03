"""Results as JUnit's XML, which every CI shows."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as Xml

from bot.scripts.running import Results


def write(results: Results, path: Path) -> None:
    """A suite for each file of scripts."""
    top = Xml.Element("testsuites")
    files: dict[Path, list[Xml.Element]] = {}
    for result in results.results:
        script = result.script
        case = Xml.Element("testcase", name=script.name, classname=script.file.stem,
                           file=str(script.file), line=str(script.line),
                           time=f"{result.seconds:.3f}")
        if result.failure:
            problem = Xml.SubElement(case, "failure", message=result.failure.splitlines()[0])
            problem.text = result.failure
        files.setdefault(script.file, []).append(case)
    for file, cases in files.items():
        suite = Xml.SubElement(top, "testsuite", name=file.stem, tests=str(len(cases)),
                               failures=str(sum(len(case) for case in cases)))
        suite.extend(cases)
    Xml.indent(top)
    path.write_bytes(Xml.tostring(top, encoding="utf-8", xml_declaration=True))
