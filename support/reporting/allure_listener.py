# mypy: allow-untyped-calls
"""From behave's scenarios and ``allure.…`` calls to Allure's results: what allure-behave's listener gets wrong, mended.

What is said outside any scenario (an attachment made in before_all or before_feature, a cleanup that fails after a
feature) belongs to no result; it becomes part of the run: a global attachment, a global error.
"""

import logging
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from allure_behave.listener import AllureListener
from allure_commons import hookimpl
from allure_commons.mapping import labels_set, parse_tag
from allure_commons.model2 import Label, Link, Parameter, Status, TestResult
from allure_commons.types import ALLURE_UNIQUE_LABELS, LabelType, Severity
from allure_commons.utils import md5, now, represent

from support.reporting.outcome import PASSED, Outcome, of_cleanup, of_error, of_scenario, of_step, rule_of

log = logging.getLogger(__name__)


def title_of(scenario: Any) -> str:
    """The scenario's name; behind an outline's, the values of its row that the name does not say."""
    name: str = scenario.name.split(" -- @")[0] or scenario.keyword
    row = zip(scenario._row.headings, scenario._row.cells, strict=True) if scenario._row else ()
    unsaid = [f"{heading}: {cell}" for heading, cell in row if cell not in name]
    return f"{name} ({', '.join(unsaid)})" if unsaid else name


class FocusAllureListener(AllureListener):  # type: ignore[misc]
    """Keeps the result of the scenario that runs, and hands it to Allure when behave is done with it."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.hide_excluded = config.userdata.getbool("AllureFormatter.hide_excluded", not config.show_skipped)
        self.run_error: str | None = None
        self._identities: dict[int, tuple[str, ...]] = {}
        self._uuids: dict[tuple[str, ...], str] = {}
        self._reported: set[int] = set()
        self._cleanup_errors: list[BaseException] = []
        self.current_scenario_uuid: str | None = None
        self.current_step_uuid: str | None = None

    def identify(self, scenario: Any, identity: tuple[str, ...]) -> None:
        """Says what tells this scenario from all others, in this run and the next."""
        self._identities[id(scenario)] = identity

    def has_reported(self, scenario: Any) -> bool:
        return id(scenario) in self._reported

    def report(self, scenario: Any, outcome: Outcome | None) -> None:
        """Reports a scenario that does not run now; what it comes to later takes the place of this."""
        self.start_scenario(scenario)
        self.steps.clear()
        self.stop_scenario(scenario, outcome)
        self._reported.discard(id(scenario))

    def uuid_of(self, scenario: Any) -> str | None:
        """By what the result of a scenario is known; None where there is none yet."""
        return self._uuids.get(self._identities[id(scenario)])

    def start_scenario(self, scenario: Any) -> None:
        super().start_scenario(scenario)
        self._cleanup_errors.clear()
        self.steps = deque(scenario.all_steps)
        result = self._result
        result.uuid = self._uuids.setdefault(self._identities[id(scenario)], result.uuid)
        result.file_pattern = f"{result.uuid}-result.json"  # what is reported again replaces what was said before
        result.name = title_of(scenario)
        result.description = "\n".join((*scenario.feature.description, *scenario.description))
        identity = "\0".join(self._identities[id(scenario)])
        result.testCaseId = result.historyId = md5(identity.encode(errors="surrogateescape"))  # file names may need it
        rule = rule_of(scenario)
        if rule is not None:
            result.titlePath = [*result.titlePath, rule.name]
            self._add_tags_of(rule, scenario)
        self._file(scenario.filename, rule)
        for label in result.labels:
            if label.name in (LabelType.EPIC, LabelType.STORY):
                label.value = label.value.replace("_", " ")  # A tag cannot hold a space.

    def stop_scenario(self, scenario: Any, outcome: Outcome | None = None) -> None:
        """Writes the result: with this outcome, or with the one that behave's model tells."""
        self._reported.add(id(scenario))
        uuid, self.current_scenario_uuid = self.current_scenario_uuid, None
        selected = scenario.should_run_with_tags(self.behave_config.tag_expression)
        selected = selected and scenario.should_run_with_name_select(self.behave_config)
        outcome = outcome or of_scenario(scenario, self._cleanup_errors)
        if self.current_step_uuid:
            # Something came between a step and its result: an interrupt.
            self.logger.stop_step(self.current_step_uuid, stop=now(), status=outcome.status)
        if self.hide_excluded and not selected:
            self.logger.drop_test(uuid)
        else:
            self.flush_steps()
            result = self.logger.get_test(uuid)
            result.stop = now()
            result.status = outcome.status
            result.statusDetails = self._explained(outcome, bool(selected)).details
            self.logger.close_test(uuid)
            self.group_context.append_test(result.uuid)
        self.group_context.exit()

    def match_step(self, match: Any) -> None:
        if not self.behave_config.dry_run:
            super().match_step(match)

    def stop_behave_step(self, result: Any) -> None:
        if self.current_step_uuid:
            outcome = of_step(result)
            self.logger.stop_step(
                self.current_step_uuid, stop=now(), status=outcome.status, statusDetails=outcome.details
            )
            self.current_step_uuid = None

    def cleanup_failed(self, error: BaseException, layer: str) -> None:
        if self.current_scenario_uuid:
            self._cleanup_errors.append(error)
        else:
            self.report_problem(of_cleanup(error, "run" if layer == "testrun" else layer))

    def report_problem(self, outcome: Outcome) -> None:
        """Reports a problem that belongs to no scenario."""
        self.logger.global_error(message=outcome.message, trace=outcome.trace)

    @hookimpl
    def global_error(self, message: str | None, trace: str | None) -> None:
        """Told from outside why the run cannot go on: scenarios that never run are broken for this reason."""
        self.run_error = message
        super().global_error(message, trace)

    @hookimpl
    def stop_step(self, uuid: str, exc_type: Any, exc_val: BaseException | None, exc_tb: Any) -> None:  # noqa: ARG002
        outcome = of_error(exc_val) if exc_val else PASSED
        self.logger.stop_step(uuid, stop=now(), status=outcome.status, statusDetails=outcome.details)

    @hookimpl
    def attach_data(self, body: Any, name: Any, attachment_type: Any, extension: Any) -> None:
        attach = super().attach_data if self.current_scenario_uuid else self.global_attach_data
        attach(body=body, name=name, attachment_type=attachment_type, extension=extension)

    @hookimpl
    def attach_file(self, source: Any, name: Any, attachment_type: Any, extension: Any) -> None:
        attach = super().attach_file if self.current_scenario_uuid else self.global_attach_file
        attach(source=source, name=name, attachment_type=attachment_type, extension=extension)

    @hookimpl
    def add_title(self, test_title: str) -> None:
        if self._has_result(f"title {test_title!r}"):
            self._result.name = test_title

    @hookimpl
    def add_label(self, label_type: str, labels: Iterable[str]) -> None:
        if self._has_result(f"label {label_type!r}"):
            result = self._result
            if label_type in ALLURE_UNIQUE_LABELS:
                result.labels = [label for label in result.labels if label.name != label_type]
            result.labels.extend(Label(name=label_type, value=str(getattr(v, "value", v))) for v in labels)

    @hookimpl
    def add_parameter(self, name: str, value: object, excluded: bool | None, mode: Any) -> None:
        if self._has_result(f"parameter {name!r}"):
            text = value if isinstance(value, str) else represent(value)
            parameter = Parameter(name=name, value=text, excluded=excluded, mode=mode.value if mode else None)
            self._result.parameters = [*(self._result.parameters or []), parameter]

    def _file(self, filename: str, rule: Any | None) -> None:
        """Where the report's tree has the scenario, unless tags say it: the folder of its feature, and its rule."""
        said = {label.name for label in self._result.labels}
        if LabelType.EPIC not in said:
            folder = Path(filename).resolve().parent.name.replace("_", " ").capitalize()
            self._result.labels.append(Label(LabelType.EPIC, folder))
        if rule is not None and LabelType.STORY not in said:
            self._result.labels.append(Label(LabelType.STORY, rule.name))

    def _add_tags_of(self, rule: Any, scenario: Any) -> None:
        """The nearest tag wins where there can be only one, as severity: scenario, rule, feature."""
        parsed = [
            parse_tag(tag, issue_pattern=self.issue_pattern, link_pattern=self.link_pattern)
            for tag in (*scenario.feature.tags, *rule.tags, *scenario.tags)
        ]
        labels = [label for label in parsed if isinstance(label, Label)]
        feature_framework_language = self._result.labels[-3:]
        self._result.labels = labels_set([Label(LabelType.SEVERITY, Severity.NORMAL), *labels])
        self._result.labels += feature_framework_language
        self._result.links = [link for link in parsed if isinstance(link, Link)]

    @property
    def _result(self) -> TestResult:
        result: TestResult = self.logger.get_test(self.current_scenario_uuid)
        return result

    def _has_result(self, what: str) -> bool:
        if self.current_scenario_uuid is None:
            log.warning("No scenario is running: the report leaves out the %s.", what)
        return self.current_scenario_uuid is not None

    def _explained(self, outcome: Outcome, selected: bool) -> Outcome:
        """A skipped scenario without a reason of its own gets one in words."""
        if outcome.status != Status.SKIPPED or outcome.message:
            return outcome
        if not selected:
            return Outcome(Status.SKIPPED, "Not selected by the tags or names of this run.")
        if self.behave_config.dry_run:
            return Outcome(Status.SKIPPED, "Never ran: this was a dry run.")
        return Outcome(Status.SKIPPED, "Skipped without a reason, or not among the lines asked for.")
