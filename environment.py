"""behave's hooks: what happens around the run and around a scenario."""

import os
import sys

from behave.model import Scenario
from behave.runner import Context

from support.errors import FocusError, SchemaError
from support.gherkin import register_domain_words
from support.reporting.allure_formatter import results_folders
from support.reporting.attachments import (
    report_left_behind,
    report_remark,
    report_run_stopped,
    report_schema,
    report_truth,
)
from support.reporting.captures import Captures
from support.reporting.clock import ClockTime, count_rules
from support.reporting.epilogue import append_epilogue
from support.reporting.known import mark_known, told_at_end
from support.reporting.run_description import describe_run
from support.reporting.scenario_report import Report
from support.reporting.second_pass import append_second_pass
from support.run import Run

register_domain_words()
count_rules()


def before_all(context: Context) -> None:
    context.config.reporters.append(ClockTime(context.config))
    try:
        context.run = Run(context.config.userdata, os.environ)
    except FocusError as error:
        stop_run(context, str(error))
        if isinstance(error, SchemaError):
            report_schema(error.table)
        return
    folders = results_folders(context.config)
    run = context.run
    captures = Captures(run.settings.captures, run.server.name)
    context.report = Report(attaches=bool(folders), captures=captures)
    is_embedded = run.server.embedded is not None
    context.report.begin(run.settings, run.describe(), run.dialects, is_embedded=is_embedded)
    context.add_cleanup(end_run, context.run, context.report)
    for folder in folders:
        describe_run(folder, context.run.environment())
    if context.run.spoken.schema is not None and context.run.spoken.schema.comparison.items:
        report_schema(context.run.spoken.schema.comparison.rows())
    if context.run.second is not None:
        append_second_pass(context._runner, context.run.second.spoken.dialect.name)
    append_epilogue(context._runner.features)
    sys.stdout.write(context.run.banner() + "\n\n")


def before_scenario(context: Context, scenario: Scenario) -> None:
    run = context.run.of(scenario.effective_tags)
    reason = run.why_not(scenario.effective_tags, context.config.tag_expression.check)
    if reason:
        scenario.skip(reason)
    context.world = run.world(scenario.effective_tags)
    context.add_cleanup(context.world.close)


def after_scenario(context: Context, scenario: Scenario) -> None:
    context.world.leave_unasked(scenario.name)
    context.report.tell_of(scenario, context.world.happened)
    mark_known(scenario, context.world)


def end_run(run: Run, report: Report) -> None:
    """Ends what the run started; says what was measured, and what is left behind all the same."""
    left = run.close()
    for figures in report.figures:
        sys.stdout.write(f"\n{figures}\n")
    if not run.overlooked.told:
        for sentence in run.overlooked.sentences():
            sys.stderr.write(f"FOUND WHERE NOBODY ASKED: {sentence}\n")
    for sentence in run.compared:
        sys.stdout.write(f"\nTRUTH: {sentence}\n")
        report_truth(sentence)
    if run.overlooked.remark:
        sys.stdout.write(f"\nREMARK: {run.overlooked.remark}\n")
        report_remark(run.overlooked.remark)
    for line in told_at_end(run.settings.known):
        sys.stdout.write(f"\n{line}\n")
    for sentence in left:
        sys.stderr.write(f"LEFT BEHIND: {sentence}\n")
        report_left_behind(sentence)


def stop_run(context: Context, reason: str) -> None:
    """The environment does not allow a verdict: says so, here and in the report, and runs nothing."""
    sys.stderr.write(f"NOT READY: {reason}\n")
    context.why_stopped = reason
    report_run_stopped(reason)
    context.abort(reason="not ready")
