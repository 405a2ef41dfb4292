"""The rules of the house, each held against the code: who imports whom, who commits, what a page is given.

Files are read, not run, wherever that is enough: a rule then also holds for what no other test reaches.
"""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import fields
from fnmatch import fnmatch
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import StrictUndefined, meta, nodes

from web import pages
from web.pages import Page
from web.rendering import JINJA

ROOT = Path(__file__).parent.parent
LAYERS = ("questions", "forecasts", "web")
OURS = (*LAYERS, "migrations", "tests")

Function = ast.FunctionDef | ast.AsyncFunctionDef


# Reading the code


@cache
def tree(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text(), path)


def files(*folders: str) -> list[str]:
    """Every Python file of these packages, as a path from the root."""
    return sorted(str(path.relative_to(ROOT)) for folder in folders for path in (ROOT / folder).rglob("*.py"))


def imports(path: str) -> Iterator[str]:
    """Every module that a file imports anywhere in it, as `a.b.c`; of `from a import b` also `a.b`."""
    package = list(Path(path).parent.parts)
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from [base, *(f"{base}.{alias.name}" for alias in node.names)]


def strings(path: str) -> Iterator[str]:
    """Every string in a file but its docstrings and comments."""
    told = {id(owner.body[0].value) for owner in owners(path) if ast.get_docstring(owner)}  # type: ignore[attr-defined]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


def owners(path: str) -> Iterator[ast.Module | ast.ClassDef | Function]:
    """Whatever in a file may have a docstring."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def functions(path: str) -> Iterator[Function]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def dotted(node: ast.AST) -> str:
    """`a.b.c` for what is written so, "" for anything else."""
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else ""
    return node.id if isinstance(node, ast.Name) else ""


def calls(within: ast.AST) -> set[str]:
    """What is called in a piece of code; of a call on something unnamed, such as f().g(), "?.g"."""
    called = [node.func for node in ast.walk(within) if isinstance(node, ast.Call)]
    return {dotted(one) or f"?.{getattr(one, 'attr', '')}" for one in called}


def function(path: str, name: str) -> Function:
    return next(one for one in functions(path) if one.name == name)


def file_of(module: str) -> str | None:
    """The file that holds one of our modules, None where the name is no module of ours."""
    place = Path(*module.split("."))
    found = [path for path in (f"{place}.py", f"{place}/__init__.py") if (ROOT / path).is_file()]
    return found[0] if found and place.parts[0] in OURS else None


# Who imports whom


@pytest.mark.parametrize("path", files(*LAYERS))
def test_a_package_imports_none_above_it(path: str) -> None:
    layer = Path(path).parts[0]
    above = {*LAYERS[LAYERS.index(layer) + 1 :], "tests"}

    assert sorted(name for name in imports(path) if name.split(".")[0] in above) == []


@pytest.mark.parametrize("path", files(*LAYERS))
def test_no_string_names_a_module_above(path: str) -> None:
    """Nor does importlib get round the rule. The one exception is how the server is started."""
    layer = Path(path).parts[0]
    above = "|".join([*LAYERS[LAYERS.index(layer) + 1 :], "tests"])
    named = [text for text in strings(path) if re.fullmatch(rf"({above})(\.\w+)*(:\w+)?", text)]

    assert named == (["web.app:served"] if path == "forecasts/cli.py" else [])


def test_only_the_registry_imports_what_has_no_fixed_name() -> None:
    loaders = {"importlib.import_module", "import_module", "__import__", "importlib.__import__"}

    assert [path for path in files(*LAYERS) if calls(tree(path)) & loaders] == ["questions/registry.py"]


NAMED_PURE = (
    *(
        f"forecasts/{name}.py"
        for name in (
            "timeline",
            "peer",
            "daily",
            "running",
            "receipts",
            "scoring",
            "crowd",
            "calibration",
            "updating",
            "comparison",
            "murphy",
            "skill",
            "leaderboard",
            "metaculus",
            "merkle",
            "simulation",
            "verifier",
        )
    ),
    *(
        f"questions/{name}.py"
        for name in ("bins", "ranges", "percent", "shape", "registry", "errors", "deadlines", "ladders")
    ),
    "web/charts.py",
    "web/diagrams.py",
)
PURE = [*NAMED_PURE, *files("questions/kinds", "forecasts/rules")]


def test_the_pure_modules_are_where_they_are_said_to_be() -> None:
    assert [path for path in NAMED_PURE if not (ROOT / path).exists()] == []
    assert {"questions/kinds/binary.py", "forecasts/rules/brier.py"} <= set(PURE)


@pytest.mark.parametrize("path", PURE)
def test_a_pure_module_reaches_nothing_but_numpy_and_scipy(path: str) -> None:
    """Neither the database nor the web, neither itself nor by a module of ours that it imports."""
    assert {name for name in reached(path) if name.split(".")[0] not in sys.stdlib_module_names} <= {"numpy", "scipy"}


def reached(path: str) -> set[str]:
    """The top names of everything outside our own packages that a file imports, itself or by our own files."""
    seen, waiting, found = {path}, [path], set()
    while waiting:
        for name in imports(waiting.pop()):
            ours = file_of(name)
            if ours is None and name.split(".")[0] not in OURS:
                found.add(name.split(".")[0])
            elif ours is not None and ours not in seen:
                seen.add(ours)
                waiting.append(ours)
    return found


# Who begins, commits, rolls back, and who asks the time


@pytest.mark.parametrize("path", [one for one in files(*LAYERS) if one != "forecasts/database.py"])
def test_only_the_database_module_begins_commits_or_rolls_back(path: str) -> None:
    acts = {"commit", "begin", "begin_nested", "rollback"}
    said = [node.attr for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute) and node.attr in acts]
    mode = r"(\s+(immediate|exclusive|deferred|transaction|work))?[\s;]*"
    written = rf"(begin|commit|rollback|savepoint|autocommit){mode}|(start|end)\s+transaction[\s;]*"

    assert said == []
    assert [text for text in strings(path) if re.fullmatch(written, text.strip(), re.IGNORECASE)] == []


def test_the_database_module_does_begin() -> None:
    """So the rule above looks for the right words."""
    assert "session.begin" in calls(tree("forecasts/database.py"))
    assert "BEGIN IMMEDIATE" in set(strings("forecasts/database.py"))


@pytest.mark.parametrize("path", [one for one in files(*LAYERS) if one != "forecasts/clock.py"])
def test_only_the_clock_asks_the_machine_for_the_time(path: str) -> None:
    asked = re.compile(r"(.*\.)?(utcnow|today|time_ns|localtime|gmtime)|(.*\.)?(datetime|func)\.now|time\.time")
    said = [dotted(node) for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)]

    assert [name for name in said if asked.fullmatch(name)] == []
    assert "time.time" not in imports(path)
    assert [text for text in strings(path) if re.search(r"\bCURRENT_TIMESTAMP\b|\bnow\(\)", text)] == []


# Routes


ROUTES = [path for path in files("web/routes", "web/api") if not path.endswith("__init__.py")]
VERBS = re.compile(
    r"ledger\.(record|reaffirm|withdraw|undo|settle|rescore)|loading\.load"
    r"|accounts\.(join|sign_in|sign_out|choose_shortcuts|keep_private)|throttle\.note"
    r"|(entrance|invitations|resetting|secondfactor|sessions|signon)\.\w+"
    r"|catalog\.(publish|publish_set|revise)|audiences\.show|moderation\.(hide|suspend|merge|separate)|discussion\.comment"
    r"|looking\.\w+|drafting\.\w+|subscribing\.\w+"
    r"|tokens\.(add|revoke)|bots\.add|erasing\.erase"
)


def served(method: str) -> list[tuple[str, Function]]:
    """Every route of that method, with its file."""
    return [
        (path, one)
        for path in ROUTES
        for one in functions(path)
        if any(dotted(how.func) == f"router.{method}" for how in one.decorator_list if isinstance(how, ast.Call))
    ]


def writing_blocks(within: ast.AST) -> list[ast.With]:
    return [
        node
        for node in ast.walk(within)
        if isinstance(node, ast.With) and any("writing" in calls(item.context_expr) for item in node.items)
    ]


@pytest.mark.parametrize(("path", "route"), served("post"), ids=lambda one: getattr(one, "name", one))
def test_a_route_that_writes_does_so_in_one_transaction_of_verbs_alone(path: str, route: Function) -> None:
    """No password is hashed, no form read and no page drawn while the one writer's lock is held."""
    blocks = writing_blocks(route)
    called = {name for block in blocks for line in block.body for name in calls(line)}

    assert len(blocks) == 1
    assert {name for name in called if not VERBS.fullmatch(name)} == set()
    assert called != set()


def test_a_route_that_reads_cannot_write() -> None:
    reading = served("get")

    assert len(reading) > 8
    assert [one.name for _, one in reading if "Writer" in ast.unparse(one.args) or writing_blocks(one)] == []


def test_nothing_else_in_web_opens_a_transaction() -> None:
    """Writing blocks stand in routes, in sight; `writer` in web/dependencies.py is how they come by `writing`."""
    opened = {path: sum("writing" in name for name in calls(tree(path))) for path in files("web")}
    in_routes = {path for path, _ in served("post")}

    assert {path for path, count in opened.items() if count} - in_routes == {"web/dependencies.py"}
    assert [one.name for one in functions("web/dependencies.py") if calls(one) & {"database.writing"}] == [
        "writer",
        "writing",
    ]


@pytest.mark.parametrize("path", files("web"))
def test_forms_are_judged_by_our_own_code(path: str) -> None:
    declared = {"Form", "File", "Body", "UploadFile"}

    assert {name for name in imports(path) if name in {f"fastapi.{one}" for one in declared}} == set()


# Pages and templates


TEMPLATES = sorted(JINJA.list_templates(extensions=["html"]))
PAGES = [one for one in vars(pages).values() if isinstance(one, type) and issubclass(one, Page) and one is not Page]
FRAME = {field.name for field in fields(Page)}


@cache
def parsed(name: str) -> nodes.Template:
    return JINJA.parse((ROOT / "web" / "templates" / name).read_text())


def referred(name: str, *kinds: type[nodes.Node]) -> list[str]:
    """The templates that this one names in such statements."""
    return [one.template.value for one in parsed(name).find_all(kinds)]  # type: ignore[attr-defined]


def needs(name: str) -> set[str]:
    """The variables that a template takes from outside, itself or by what it extends and includes."""
    found = meta.find_undeclared_variables(parsed(name)) - makes(name) - set(JINJA.globals)
    for parent in referred(name, nodes.Extends):
        found |= needs(parent)
    for included, bound in includes(parsed(name), frozenset()):
        found |= needs(included) - bound
    return found


def makes(name: str) -> set[str]:
    """The names that a template itself imports or sets; Jinja cannot see them from within a block or a branch."""
    imported = {one.target for one in parsed(name).find_all(nodes.Import)}
    taken = {alias for one in parsed(name).find_all(nodes.FromImport) for alias in one.names}
    given = {target.name for one in parsed(name).find_all(nodes.Assign) for target in _names(one.target)}
    return imported | given | {alias[1] if isinstance(alias, tuple) else alias for alias in taken}


def includes(node: nodes.Node, bound: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """Every included template, with the names that loops and `with` around it have bound."""
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.Include):
            assert isinstance(child.template, nodes.Const)
            yield child.template.value, bound
        targets: Sequence[nodes.Node] = []
        if isinstance(child, nodes.For):
            targets = [child.target]
        elif isinstance(child, nodes.With):
            targets = child.targets
        names = {name.name for target in targets for name in _names(target)}
        yield from includes(child, bound | names)


def _names(target: nodes.Node) -> list[nodes.Name]:
    return [target] if isinstance(target, nodes.Name) else list(target.find_all(nodes.Name))


@pytest.mark.parametrize("shown", PAGES)
def test_a_page_is_a_frozen_dataclass_of_what_its_templates_need(shown: type[Page]) -> None:
    """No more and no fewer. Only a part of a page, which has no frame, may leave the frame's fields alone."""
    given = {field.name for field in fields(shown)}
    needed = needs(shown.template) | (needs(shown.partial) if shown.partial else set())

    assert shown.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert needed - given == set()
    assert makes(shown.template) & given == set()
    assert given - needed - (FRAME if shown.template == shown.partial else set()) == set()


def test_no_two_pages_share_a_template() -> None:
    shown = [page.template for page in PAGES]

    assert len(PAGES) > 10
    assert sorted(shown) == sorted(set(shown))


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_belongs_to_a_page_or_to_another_template(name: str) -> None:
    of_pages = {page.template for page in PAGES} | {page.partial for page in PAGES}
    kinds = (nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)
    of_templates = {used for other in TEMPLATES for used in referred(other, *kinds)}

    assert name in of_pages | of_templates


@pytest.mark.parametrize("name", TEMPLATES)
def test_what_a_template_imports_needs_nothing_around_it(name: str) -> None:
    for one in parsed(name).find_all((nodes.Import, nodes.FromImport)):
        assert not one.with_context  # type: ignore[attr-defined]
        assert needs(one.template.value) == set()  # type: ignore[attr-defined]


def test_nothing_undefined_passes_and_everything_is_escaped() -> None:
    assert JINJA.undefined is StrictUndefined
    assert JINJA.autoescape is True


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_vouches_for_no_text(name: str) -> None:
    """No `|safe`, no block in which escaping is off."""
    vouching = (nodes.MarkSafe, nodes.MarkSafeIfAutoescape, nodes.EvalContextModifier)

    assert [one.name for one in parsed(name).find_all(nodes.Filter) if one.name in {"safe", "xmlattr"}] == []
    assert list(parsed(name).find_all(vouching)) == []


@pytest.mark.parametrize("path", [one for one in files("web") if one != "web/prose.py"])
def test_no_code_vouches_for_text(path: str) -> None:
    """Except where Markdown has been made harmless."""
    assert [name for name in imports(path) if name.split(".")[-1] in {"Markup", "markupsafe"}] == []


class Tags(HTMLParser):
    """The elements of a template with their attributes, what Jinja puts between them left out."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        source = re.sub(r"{#.*?#}", "", (ROOT / "web" / "templates" / name).read_text(), flags=re.DOTALL)
        source = re.sub(r"{%.*?%}", " ", source, flags=re.DOTALL)
        self.feed(re.sub(r"{{.*?}}", "x", source, flags=re.DOTALL))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))


@pytest.mark.parametrize("name", TEMPLATES)
def test_htmx_attributes_stand_together_on_one_element(name: str) -> None:
    """None is inherited, so that each form says all that it does; and without htmx the same form goes there too."""
    for tag, attributes in Tags(name).found:
        said = {one for one in attributes if one.startswith(("hx-", "data-hx-"))}
        if said:
            assert (tag, said) == ("form", {"hx-post", "hx-target", "hx-swap"})
            assert attributes["action"] == attributes["hx-post"]
            assert attributes["method"] == "post"


def test_there_are_forms_for_htmx() -> None:
    """So the rule above looks for the right words."""
    marked = [tag for name in TEMPLATES for tag, attributes in Tags(name).found if "hx-post" in attributes]

    assert len(marked) > 4
    assert set(marked) == {"form"}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_holds_no_style_and_no_script_of_its_own(name: str) -> None:
    for tag, attributes in Tags(name).found:
        assert tag != "style"
        assert tag != "script" or "src" in attributes
        assert [one for one in attributes if one == "style" or one.startswith("on")] == []
        assert [one for one in attributes.values() if one.strip().lower().startswith("javascript:")] == []


# The shape of the code


def length(one: Function) -> int:
    """Its lines, without its docstring and its decorators."""
    told = one.body[0] if ast.get_docstring(one) else None
    lines = (one.end_lineno or 0) - one.lineno + 1
    return lines - ((told.end_lineno or 0) - told.lineno + 1 if told else 0)


@pytest.mark.parametrize("path", files(*LAYERS))
def test_a_function_has_at_most_25_lines(path: str) -> None:
    assert [(one.name, length(one)) for one in functions(path) if length(one) > 25] == []


@pytest.mark.parametrize("path", [*files(*LAYERS), "migrations/env.py", *files("tests")])
def test_nothing_is_named_for_being_of_help(path: str) -> None:
    vague = re.compile(r".*(utils?|helpers?|managers?|services?|common|misc)", re.IGNORECASE)
    named = [*Path(path).with_suffix("").parts, *(one.name for one in owners(path) if isinstance(one, ast.ClassDef))]

    assert [name for name in named if vague.fullmatch(name)] == []


@pytest.mark.parametrize("path", files(*OURS))
def test_a_module_says_what_it_holds(path: str) -> None:
    """In its first line, which ends."""
    told = ast.get_docstring(tree(path))

    assert told
    assert told.splitlines()[0].rstrip().endswith((".", "?", ":", ";", ","))


@pytest.mark.parametrize("path", files(*LAYERS))
def test_what_others_may_call_says_what_it_does(path: str) -> None:
    """Public functions and classes. A route is told by its address, a page by its template's first line."""
    public = [one for one in tree(path).body if isinstance(one, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)]
    silent = [one for one in public if not one.name.startswith("_") and not ast.get_docstring(one)]

    assert [one.name for one in silent if not (_is_a_route(one) or _is_a_page(one))] == []


def _is_a_route(one: ast.AST) -> bool:
    return any(one is route for method in ("get", "post") for _, route in served(method))


def _is_a_page(one: ast.AST) -> bool:
    return isinstance(one, ast.ClassDef) and any(base.id == "Page" for base in one.bases if isinstance(base, ast.Name))


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_says_what_it_is_in_its_first_line(name: str) -> None:
    assert (ROOT / "web" / "templates" / name).read_text().startswith("{#")


def test_the_top_level_holds_only_what_belongs_there() -> None:
    """The packages, and beside them what tools demand."""
    belongs = {*OURS, "pyproject.toml", "alembic.ini", "README.md", "LICENSE", "Makefile", ".ci", ".gitignore", ".git"}
    ignored = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text().split()]
    there = {path.name for path in ROOT.iterdir() if not any(fnmatch(path.name, pattern) for pattern in ignored)}

    assert {name for name in there if not fnmatch(name, "requirements*.lock")} - belongs == set()
    assert {*OURS, "pyproject.toml", "README.md", "LICENSE", "Makefile"} <= there


# The two traces


def test_a_forecast_goes_through_four_files() -> None:
    assert {"ledger.record", "?.read"} <= calls(function("web/routes/questions.py", "submit"))
    assert "read" in {one.name for one in functions("questions/kinds/binary.py")}
    assert "record" in {one.name for one in functions("forecasts/ledger.py")}
    assert pages.QuestionPage.partial == "questions/_forecast.html"
    assert "questions/_forecast.html" in referred(pages.QuestionPage.template, nodes.Include)


def test_a_resolution_goes_through_four_files() -> None:
    assert "ledger.settle" in calls(function("web/routes/resolutions.py", "resolve"))
    assert "rescore" in calls(function("forecasts/ledger.py", "settle"))
    assert "score" in {one.name for one in functions("forecasts/rules/brier.py")}
    assert "leaderboard.rank" in calls(function("forecasts/boards.py", "ranked"))
    assert "rank" in {one.name for one in functions("forecasts/leaderboard.py")}


# One extension, one file


@pytest.mark.parametrize(
    ("holds", "sentence"),
    [
        ('NAME = "guess"\nTITLE = "Guess"\n', "forecasts/rules/guess.py lacks ABOUT, applies, score."),
        (
            'NAME = "brier"\nTITLE = ABOUT = ""\napplies = score = print\n',
            "forecasts/rules/guess.py is named “brier”, as another file is.",
        ),
    ],
)
def test_a_half_written_rule_stops_the_program_with_a_sentence(tmp_path: Path, holds: str, sentence: str) -> None:
    for package in ("questions", "forecasts"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "forecasts" / "rules" / "guess.py").write_text(f'"""A guess."""\n{holds}')

    command = [sys.executable, "-B", "-c", "import forecasts.ledger"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert ended.returncode != 0
    assert ended.stderr.splitlines()[-1] == f"questions.registry.HalfWritten: {sentence}"
