"""A behave suite in which everything happens that a report can get wrong."""

MISSING = "3 lines missing after 12:00:01.250 (row 125)"

STEPS = """
import allure
from behave import step, fixture, use_fixture

@step("it works")
def _(context): pass

@step("the promise is broken")
def _(context): assert False, "3 lines missing after 12:00:01.250 (row 125)"

@step("a bare assertion fails")
def _(context): assert 1 + 1 == 3

@step("our code raises")
def _(context): raise KeyError("job_id")

@step("this step finds out that it cannot run")
def _(context): context.scenario.skip("the server has no recordings")

@step("it is not written yet")
def _(context): raise NotImplementedError("soon")

@step("it says more")
def _(context):
    allure.dynamic.title("A better title")
    allure.dynamic.label("owner", "ops")
    allure.dynamic.severity(allure.severity_level.BLOCKER)
    allure.dynamic.story("AUTO-001")
    allure.dynamic.parameter("channels", 11)
    allure.dynamic.parameter("host", "focus", excluded=True, mode=allure.parameter_mode.MASKED)
    with allure.step("inner"):
        allure.attach("inside", name="note")
    allure.attach.file(__file__, name="source", extension="py")

@step("an inner step fails")
def _(context):
    with allure.step("inner"):
        assert False, "inner promise"

@step("a step leaves Python")
def _(context): raise SystemExit(3)

@step("the user presses Ctrl-C")
def _(context): raise KeyboardInterrupt
"""

ENVIRONMENT = """
import allure

def before_all(context):
    allure.attach("resolved settings", name="settings")
    allure.attach.file(__file__, name="hooks", extension="py")
    allure.dynamic.title("nobody's title")
    allure.dynamic.severity("minor")
    allure.dynamic.parameter("nobody's", 1)

def before_feature(context, feature):
    allure.attach("seen before " + feature.name, name=feature.name)
    with allure.step("outside of any scenario"):
        pass
    if "before_feature_fails" in feature.tags:
        raise RuntimeError("no server at 127.0.0.1:5000")
    if "skip_feature" in feature.tags:
        feature.skip("needs the simulator's controls")

def after_feature(context, feature):
    if "feature_ends_badly" in feature.tags:
        context.add_cleanup(fail_to_clean)
        raise RuntimeError("the job is still there")

def fail_to_clean():
    raise OSError("the port stays open")

def before_rule(context, rule):
    if "before_rule_fails" in rule.tags:
        raise RuntimeError("the rule has no ground")

def before_tag(context, tag):
    if tag == "fixture.broken":
        raise RuntimeError("no such fixture")

def before_scenario(context, scenario):
    if "before_fails" in scenario.tags:
        assert False, "no free window"
    if "cleanup_fails" in scenario.tags:
        context.add_cleanup(fail_to_clean)
    if "skip_me" in scenario.tags:
        scenario.skip("needs a fibre")

def after_scenario(context, scenario):
    if "after_fails" in scenario.tags:
        raise RuntimeError("the job cannot be cancelled")

def before_step(context, step):
    if step.name == "it works" and "before_step_fails" in context.tags:
        assert False, "the hook's own assertion"

def after_step(context, step):
    if "after_step_fails" in context.tags and step.name == "the promise is broken":
        raise RuntimeError("after the step")
"""

OUTCOMES = """
@critical @allure.label.epic:E2E_Testing_Framework
Feature: Outcomes
  The report must not lie.

  Background:
    Given it works

  Scenario: passes
    Then it works
  Scenario: fails
    When the promise is broken
    Then it works
  Scenario: fails barely
    When a bare assertion fails
  Scenario: breaks
    When our code raises
  Scenario: is undefined
    When nobody has written this
    Then it works
  Scenario: is pending
    When it is not written yet
  @before_fails
  Scenario: before fails
    When the promise is broken
  @after_fails
  Scenario: after fails
    Then it works
  @cleanup_fails
  Scenario: cleanup fails
    Then it works
  @after_fails @cleanup_fails
  Scenario: fails and then more
    When the promise is broken
  @before_step_fails
  Scenario: before step fails
    Then it works
  @after_step_fails
  Scenario: after step fails
    When the promise is broken
  @fixture.broken
  Scenario: tag hook fails
    Then it works
  @skip_me
  Scenario: is skipped
    Then it works
  Scenario: skips itself
    When this step finds out that it cannot run
    Then it works
  Scenario: says more
    When it says more
  Scenario: inner fails
    When an inner step fails
  Scenario: is last
    Then it works
"""

RULES = """
@minor
Feature: Rules
  @blocker @allure.label.story:AUTO-001 @allure.issue:7
  Rule: One
    Background:
      Given it works
    Scenario: same name
      Then it works
    @trivial
    Scenario: same name
      When the promise is broken
    Scenario Outline: many
      Then it works
      Examples:
        | channels |
        | 11       |
        | 2222     |
  Rule: Two
    Scenario: same name
      Then it works
  @before_rule_fails
  Rule: Three
    Scenario: without ground
      Then it works
"""

BROKEN_FEATURE = """
@before_feature_fails
Feature: Cannot begin
  Scenario: never begins
    Then it works
  Rule: R
    Scenario: never begins in a rule
      Then it works
"""

SKIPPED_FEATURE = """
@skip_feature
Feature: Skipped whole
  Scenario: skipped with its feature
    Then it works
"""

BAD_END = """
@feature_ends_badly
Feature: Ends badly
  Scenario: passes before the bad end
    Then it works
@deselected
  Scenario: not chosen
    Then it works
"""
