"""What is said of two schemas, kind by kind: what breaks the wire, what does not, and nothing of what is the same."""

from __future__ import annotations

import pytest
from google.protobuf.descriptor_pb2 import EnumDescriptorProto, FileDescriptorProto

from support.reflection.comparison import Comparison, So, compared
from support.reflection.schema import Schema
from tests.reflection.altered import (
    Alter,
    Field,
    add_field,
    drop_field,
    drop_method,
    message,
    move_to,
    production,
    set_field,
    set_method,
    story,
)

STORY = "/datastream.DataStreamService/StreamSpectrograms"
PRODUCTION = "/pandadatastream.DataStreamService/StreamData"


def comparison(*alterations: Alter, expected: tuple[Alter, ...] = ()) -> Comparison:
    return compared(Schema([story(*expected)]), Schema([story(*alterations)]), STORY)


def renamed_message(before: str, after: str) -> Alter:
    def alter(file: FileDescriptorProto) -> None:
        message(file, before).name = after
        for inside in file.message_type:
            for one in inside.field:
                if one.type_name:
                    one.type_name = one.type_name.replace(before, after)

    return alter


def in_oneof(*paths: str) -> Alter:
    def alter(file: FileDescriptorProto) -> None:
        inside = message(file, paths[0].partition(".")[0])
        inside.oneof_decl.add(name="one")
        for one in inside.field:
            if f"{inside.name}.{one.name}" in paths:
                one.oneof_index = 0

    return alter


def with_quality(**values: int) -> Alter:
    """An enum, and a field of it in a row."""

    def alter(file: FileDescriptorProto) -> None:
        enum = EnumDescriptorProto(name="Quality")
        for name, number in {"UNKNOWN": 0, **values}.items():
            enum.value.add(name=name, number=number)
        file.enum_type.append(enum)
        add_field("SpectrogramRow.quality", 5, Field.TYPE_ENUM, type_name=".datastream.Quality")(file)

    return alter


def proto2(file: FileDescriptorProto) -> None:
    """As a server that is built from proto2 says it."""
    file.syntax = "proto2"
    for inside in file.message_type:
        for one in inside.field:
            if one.label == Field.LABEL_OPTIONAL:
                one.label = Field.LABEL_REQUIRED


def relative_names(file: FileDescriptorProto) -> None:
    """As a server in Node.js says them."""
    for inside in file.message_type:
        for one in inside.field:
            if one.type_name:
                one.type_name = one.type_name.rpartition(".")[2]
    for method in file.service[0].method:
        method.input_type, method.output_type = (
            name.rpartition(".")[2] for name in (method.input_type, method.output_type)
        )


ROW = "datastream.SpectrogramRow"
STREAM, ASKED, ANSWERED = STORY[1:], "(StreamRequest)", "returns (stream DataStream)"
HEALTH = ".datastream.HealthRequest"
BREAKING = [
    (
        "renumbered",
        [set_field("SpectrogramRow.startTimestamp", number=7)],
        f"field {ROW}.startTimestamp has number 7 instead of 3",
    ),
    (
        "type",
        [set_field("SpectrogramRow.startTimestamp", type=Field.TYPE_STRING)],
        f"field {ROW}.startTimestamp is string instead of int64",
    ),
    (
        "width",
        [set_field("DataStream.current_max_amp", type=Field.TYPE_FLOAT)],
        "field datastream.DataStream.current_max_amp is float instead of double",
    ),
    (
        "label",
        [set_field("SensorIntensity.id", label=Field.LABEL_REPEATED)],
        "field datastream.SensorIntensity.id is repeated int32 instead of int32",
    ),
    (
        "single",
        [set_field("SensorIntensity.intensity", label=Field.LABEL_OPTIONAL)],
        "field datastream.SensorIntensity.intensity is float instead of repeated float",
    ),
    ("gone", [drop_field("SpectrogramRow.endTimestamp")], f"field {ROW}.endTimestamp is gone"),
    (
        "gone from the request",
        [drop_field("StreamRequest.max_frames")],
        "field datastream.StreamRequest.max_frames is gone",
    ),
    (
        "number taken",
        [set_field("SpectrogramRow.endTimestamp", name="note", type=Field.TYPE_STRING)],
        f"field {ROW}.endTimestamp is gone; its number 4 is note now, string",
    ),
    (
        "to a message",
        [set_field("SensorIntensity.id", type=Field.TYPE_MESSAGE, type_name=".datastream.HealthRequest")],
        "field datastream.SensorIntensity.id is HealthRequest instead of int32",
    ),
    (
        "required in the request",
        [add_field("StreamRequest.user", 3, Field.TYPE_STRING, label=Field.LABEL_REQUIRED)],
        "field datastream.StreamRequest.user is new, and the server requires it",
    ),
    ("method", [drop_method("StreamSpectrograms")], f"method {STREAM} is gone; it has CheckHealth"),
    (
        "method renamed",
        [set_method("StreamSpectrograms", name="StreamRows")],
        f"method {STREAM} is gone; it has StreamRows, CheckHealth",
    ),
    (
        "no stream",
        [set_method("StreamSpectrograms", server_streaming=False)],
        f"method {STREAM} streams otherwise: it is {ASKED} returns (DataStream), not {ASKED} {ANSWERED}",
    ),
    (
        "a stream of requests",
        [set_method("StreamSpectrograms", client_streaming=True)],
        f"method {STREAM} streams otherwise: it is (stream StreamRequest) {ANSWERED}, not {ASKED} {ANSWERED}",
    ),
    (
        "service",
        [lambda file: setattr(file.service[0], "name", "Other")],
        "service datastream.DataStreamService is gone",
    ),
    (
        "oneof",
        [in_oneof("SpectrogramRow.startTimestamp", "SpectrogramRow.endTimestamp")],
        f"of the fields startTimestamp, endTimestamp of {ROW} the server can set one alone (oneof)",
    ),
]
COMPATIBLE = [
    ("field", [add_field("SpectrogramRow.note", 9, Field.TYPE_STRING)], f"field {ROW}.note (string = 9) is new"),
    (
        "field of another file",
        [add_field("DataStream.at", 9, Field.TYPE_MESSAGE, type_name=".google.protobuf.Timestamp")],
        "field datastream.DataStream.at (Timestamp = 9) is new",
    ),
    (
        "field of the request",
        [add_field("StreamRequest.user", 3)],
        "field datastream.StreamRequest.user (int32 = 3) is new",
    ),
    (
        "required in the answer",
        [add_field("DataStream.n", 9, label=Field.LABEL_REQUIRED)],
        "field datastream.DataStream.n (int32 = 9) is new",
    ),
    (
        "renamed",
        [set_field("SpectrogramRow.startTimestamp", name="start_timestamp")],
        f"field {ROW}.startTimestamp is called start_timestamp, which does not show on the wire",
    ),
    (
        "message renamed",
        [renamed_message("SensorIntensity", "Sensor")],
        "message datastream.SensorIntensity is called datastream.Sensor, which does not show on the wire",
    ),
    ("message", [lambda file: file.message_type.add(name="Extra")], "message datastream.Extra is new"),
    (
        "method",
        [lambda file: file.service[0].method.add(name="Stop", input_type=HEALTH, output_type=HEALTH)],
        "method Stop of datastream.DataStreamService is new",
    ),
    (
        "no health",
        [drop_method("CheckHealth")],
        "method datastream.DataStreamService/CheckHealth is not there, and not needed",
    ),
    (
        "a message that is nowhere",
        [lambda file: file.message_type.remove(message(file, "SensorIntensity"))],
        "message datastream.SensorIntensity is not described, and could not be compared",
    ),
]
SAME = [
    ("untouched", []),
    ("proto2", [proto2]),
    ("unpacked", [lambda file: setattr(message(file, "SensorIntensity").field[1].options, "packed", False)]),
    ("a oneof of one", [in_oneof("SpectrogramRow.startTimestamp")]),
    ("names without dots", [relative_names]),
    ("another order", [lambda file: message(file, "DataStream").field.reverse()]),
    ("another file", [lambda file: setattr(file, "name", "x/y.proto")]),
]


@pytest.mark.parametrize(("alterations", "sentence"), [one[1:] for one in BREAKING], ids=[one[0] for one in BREAKING])
def test_what_breaks_is_told(alterations: list[Alter], sentence: str) -> None:
    assert comparison(*alterations).of(So.BREAKING) == [sentence]


@pytest.mark.parametrize(
    ("alterations", "sentence"), [one[1:] for one in COMPATIBLE], ids=[one[0] for one in COMPATIBLE]
)
def test_what_differs_and_breaks_nothing_is_told_as_that(alterations: list[Alter], sentence: str) -> None:
    found = comparison(*alterations)
    assert (found.of(So.BREAKING), found.of(So.COMPATIBLE)) == ([], [sentence])


@pytest.mark.parametrize("alterations", [one[1] for one in SAME], ids=[one[0] for one in SAME])
def test_what_is_the_same_on_the_wire_is_the_same(alterations: list[Alter]) -> None:
    assert {item.so for item in comparison(*alterations).items} == {So.SAME}


def test_two_fields_that_change_places_are_two_that_are_renumbered() -> None:
    swapped = comparison(
        set_field("DataStream.current_max_amp", number=99),
        set_field("DataStream.current_min_amp", number=2),
        set_field("DataStream.current_max_amp", number=3),
    )
    assert [sentence.rpartition(" has ")[2] for sentence in swapped.of(So.BREAKING)] == [
        "number 3 instead of 2",
        "number 2 instead of 3",
    ]


def test_a_field_that_is_optional_need_not_be_there() -> None:
    found = compared(Schema([production()]), Schema([production(drop_field("DataStream.data_shape_z"))]), PRODUCTION)
    assert found.of(So.BREAKING) == []
    assert found.of(So.COMPATIBLE) == [
        "field pandadatastream.DataStream.data_shape_z is not there: it is optional, and never set then"
    ]


def test_presence_alone_is_no_difference() -> None:
    implicit = production(set_field("DataStream.job_id", proto3_optional=False))
    message(implicit, "DataStream").field[9].ClearField("oneof_index")
    assert {item.so for item in compared(Schema([production()]), Schema([implicit]), PRODUCTION).items} == {So.SAME}


@pytest.mark.parametrize(
    ("values", "so", "words"),
    [
        ({"GOOD": 2}, So.BREAKING, "value GOOD of datastream.Quality has number 2 instead of 1"),
        ({}, So.COMPATIBLE, "value GOOD of datastream.Quality is gone"),
        ({"GOOD": 1, "BAD": 2}, So.COMPATIBLE, "value BAD (2) of datastream.Quality is new"),
    ],
)
def test_the_values_of_an_enum_are_compared(values: dict[str, int], so: So, words: str) -> None:
    found = comparison(with_quality(**values), expected=(with_quality(GOOD=1),))
    assert found.of(so) == [words]
    assert found.of(So.COMPATIBLE if so is So.BREAKING else So.BREAKING) == []


def test_a_field_that_another_one_can_take_the_place_of_is_told() -> None:
    found = comparison(add_field("DataStream.loud", 9), in_oneof("DataStream.current_max_amp", "DataStream.loud"))
    assert found.of(So.BREAKING) == []
    assert found.of(So.COMPATIBLE) == [
        "field datastream.DataStream.loud (int32 = 9) is new",
        "field current_max_amp of datastream.DataStream is left out where the server sets another one (oneof)",
    ]


def test_another_package_is_another_service_and_nothing_else() -> None:
    moved = compared(Schema([story()]), Schema([story(move_to("v2.rows"))]), STORY, "v2.rows.DataStreamService")
    assert moved.of(So.BREAKING) == [
        "service datastream.DataStreamService is renamed: the server calls it v2.rows.DataStreamService"
    ]
    assert moved.of(So.COMPATIBLE) == []


def test_the_table_has_what_breaks_above_all_else() -> None:
    found = comparison(set_field("SensorIntensity.id", number=5), add_field("DataStream.more", 9))
    head, first, second, third, *_ = found.rows()
    assert head == ("What", "Expected", "At the server", "So")
    assert first == ("datastream.SensorIntensity.id", "int32 = 1", "int32 = 5", "breaking")
    assert second == ("datastream.DataStream.more", "-", "int32 = 9", "compatible")
    assert third[-1] == "same"


def test_the_names_of_a_server_are_told_in_words_that_can_be_read() -> None:
    found = comparison(add_field("SpectrogramRow.\x1b[2J\n\u202e" + "x" * 10_000, 9))
    [sentence] = found.of(So.COMPATIBLE)
    assert sentence.startswith(rf"field {ROW}.\x1b[2J\n\u202exxx")
    assert sentence.endswith(" more characters")
    assert all(cell.isprintable() and len(cell) < 300 for row in found.rows() for cell in row)
