// A Focus Server of production's kind, from the contract alone: it shares no line with the suite, nor with the embedded
// server. `node server.mjs [FAULT]` prints one line of JSON with `rest_url`, and runs until its input is closed.

import grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { createServer } from "node:http";

const HOST = "127.0.0.1";
const PRR = 2000;
const REAL_PRR = 2004;
const CHANNELS = 200;
const WINDOWS = 30;
const FRAME_SECONDS = 0.05;
const POD_START_MS = 100;
const IDLE_REMOVAL_MS = 50_000;

// Each breaks one promise, in the last stream of a job.
const FAULTS = {
  "half-a-line-late": (frame, { answer }) => ({
    ...frame,
    timestamp_in_milis: frame.timestamp_in_milis.map((time) => time + Math.round(answer.lines_dt * 500)),
  }),
  "x-too-large": (frame) => ({ ...frame, data_shape_x: frame.data_shape_x + 1 }),
};

const proto = new URL("server.proto", import.meta.url).pathname;
const { service } = grpc.loadPackageDefinition(loadSync(proto, { keepCase: true, defaults: true })).pandadatastream.DataStreamService;
const fault = process.argv[2] && FAULTS[process.argv[2]];
const windows = Array.from({ length: WINDOWS }, () => ({ job: null, port: 0 }));
let jobs = 0;

/** Some numbers one after the other. */
const count = (first, length) => Array.from({ length }, (_, index) => first + index);

/** The magnitude of noise in one bin. */
const magnitude = () => Math.sqrt(-Math.log(1 - Math.random()));

/** An error that a client is told in words. */
class Refusal extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

/** Refuses what no job can be made of. */
function check({ channels, frequencyRange, nfftSelection, displayTimeAxisDuration, displayInfo, start_time, end_time }) {
  if (frequencyRange == null || nfftSelection == null || displayTimeAxisDuration == null) {
    throw new Refusal(500, "nfftSelection, frequencyRange or displayTimeAxisDuration is missing");
  }
  const allowed = {
    channels: 1 <= channels.min && channels.min <= channels.max && channels.max <= CHANNELS,
    frequencyRange: 0 <= frequencyRange.min && frequencyRange.min < frequencyRange.max && frequencyRange.max <= PRR / 2,
    nfftSelection: Number.isInteger(Math.log2(nfftSelection)),
    displayTimeAxisDuration: displayTimeAxisDuration > 0,
    "displayInfo.height": displayInfo.height > 0,
    "start_time, end_time": (start_time == null) === (end_time == null),
  };
  for (const [field, fine] of Object.entries(allowed)) if (!fine) throw new Refusal(400, `${field}: not allowed`);
  if (start_time != null) throw new Refusal(404, "there is no recording");
}

/** What a job is to be, as its client is told; the channels are spread evenly over its streams, the first ones fuller. */
function plan({ channels, frequencyRange, nfftSelection, displayTimeAxisDuration, displayInfo, view_type }) {
  const amount = channels.max - channels.min + 1;
  const streams = view_type === "1" ? 1 : Math.min(3, amount);
  const step = REAL_PRR / nfftSelection;
  const first = Math.ceil(frequencyRange.min / step);
  const bins = count(first, Math.max(1, Math.floor(frequencyRange.max / step) - first));
  const streamOf = (index) => Math.floor(index / Math.ceil(amount / streams));
  const spread = count(0, amount).map((index) => [channels.min + index, streamOf(index)]);
  return {
    status: "",
    stream_amount: streamOf(amount - 1) + 1,
    channel_amount: amount,
    channel_to_stream_index: Object.fromEntries(spread),
    frequencies_amount: bins.length,
    frequencies_list: bins.map((bin) => bin * step),
    lines_dt: displayTimeAxisDuration / displayInfo.height,
    view_type,
  };
}

/** One job: a port with a service, and frames for whoever watches, made as their lines are over. */
class Job {
  constructor(window, request) {
    check(request);
    this.answer = plan(request);
    this.number = ++jobs;
    this.answer.job_id = `${windows.indexOf(window)}-${this.number}`;
    this.answer.stream_url = `http://${HOST}`;
    Object.assign(this, { window, serves: false, watchers: new Set(), begin: Date.now(), line: 0 });
    this.span = (1000 * request.nfftSelection) / REAL_PRR;
    this.rows = Math.max(1, Math.round(FRAME_SECONDS / this.answer.lines_dt));
    this.grpc = new grpc.Server();
    this.grpc.addService(service, { StreamData: (call) => this.watch(call) });
  }

  /** Takes the port of the window, serves it a while later, as a pod does that has to start. */
  async start() {
    this.window.job = this;
    this.window.port ||= await freePort();
    this.answer.stream_port = String(this.window.port);
    const address = `${HOST}:${this.window.port}`;
    const serve = () => this.serve();
    setTimeout(() => this.grpc.bindAsync(address, grpc.ServerCredentials.createInsecure(), serve), POD_START_MS);
  }

  serve() {
    this.serves = true;
    this.timer = setInterval(() => this.send(), 10);
    this.rest();
  }

  /** Ends the job when nobody has watched for long. */
  rest() {
    this.removal = setTimeout(() => this.end(), IDLE_REMOVAL_MS);
  }

  end() {
    clearInterval(this.timer);
    this.window.job = null;
    this.grpc.forceShutdown();
  }

  watch(call) {
    const stream = call.request.stream_id;
    if (stream < 0 || stream >= this.answer.stream_amount) {
      call.emit("error", { code: grpc.status.NOT_FOUND, details: `there is no stream ${stream}` });
      return;
    }
    clearTimeout(this.removal);
    const watcher = { call, stream };
    this.watchers.add(watcher);
    call.on("cancelled", () => {
      if (this.watchers.delete(watcher) && !this.watchers.size) this.rest();
    });
  }

  /** Sends every frame whose last line is over; what is over by the end of that has its turn after what else waits. */
  send() {
    const now = Date.now();
    const step = this.answer.lines_dt * 1000;
    while (this.begin + (this.line + this.rows - 1) * step + this.span <= now) {
      const lines = count(this.line, this.rows);
      const wanted = new Set([...this.watchers].map((watcher) => watcher.stream));
      const frames = new Map([...wanted].map((stream) => [stream, this.frame(stream, lines)]));
      for (const { call, stream } of this.watchers) call.write(frames.get(stream));
      this.line += this.rows;
    }
  }

  frame(stream, lines) {
    const { channel_to_stream_index: streams, frequencies_amount: bins, stream_amount: amount } = this.answer;
    const channels = Object.keys(streams).map(Number).filter((channel) => streams[channel] === stream);
    const values = channels.length * bins;
    const rows = lines.map(() => Float32Array.from({ length: values }, magnitude));
    const frame = {
      start_channel: channels[0],
      end_channel: channels.at(-1),
      timestamp_in_milis: lines.map((line) => Math.round(this.begin + line * this.answer.lines_dt * 1000)),
      row_index: lines,
      data_shape_x: values,
      data_shape_y: rows.length,
      global_maximum: Math.max(...rows.map((row) => row.reduce((a, b) => Math.max(a, b)))),
      global_minimum: Math.min(...rows.map((row) => row.reduce((a, b) => Math.min(a, b)))),
      main_data: rows.map((row) => Buffer.from(row.buffer)),
      job_id: this.number,
    };
    return fault && stream === amount - 1 ? fault(frame, this) : frame;
  }
}

/** A port that nobody has just now. */
function freePort() {
  const probe = createServer();
  return new Promise((found) => {
    probe.listen(0, HOST, () => {
      const { port } = probe.address();
      probe.close(() => found(port));
    });
  });
}

const fibre = { dx: 1.5, prr: PRR, fiber_start_meters: null, fiber_length_meters: null, sw_version: "node-1.0" };
const metadata = { ...fibre, number_of_channels: CHANNELS, fiber_description: "noise" };

const ROUTES = {
  "GET /ack": () => ({}),
  "GET /live_metadata": () => metadata,
  "GET /channels": () => ({ lowest_channel: 1, highest_channel: CHANNELS }),
  "POST /recordings_in_time_range": () => [],
  "POST /configure": async (_, body) => {
    const window = windows.find(({ job }) => job === null);
    if (!window) throw new Refusal(503, "all windows are in use");
    const job = new Job(window, body);
    await job.start();
    return job.answer;
  },
  "GET /metadata": (id) => {
    const job = windows.map((window) => window.job).find((each) => each?.answer.job_id === id);
    if (!job?.serves) throw new Refusal(404, "Invalid job_id");
    return { ...job.answer, metadata };
  },
};

async function answer(request, response) {
  const [, name, id] = request.url.split("/");
  const body = (await request.setEncoding("utf8").toArray()).join("");
  const route = ROUTES[`${request.method} /${name}`];
  let status = 200;
  let told;
  try {
    if (!route) throw new Refusal(404, "not found");
    told = await route(id, body && JSON.parse(body));
  } catch (error) {
    status = error.status ?? 400;
    told = { error: error.message };
  }
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(told));
}

const rest = createServer(answer).listen(0, HOST, () => {
  console.log(JSON.stringify({ rest_url: `http://${HOST}:${rest.address().port}` }));
});
process.stdin.resume().on("end", () => process.exit());
