// The conformance suite's probe: a function that does what the event asks.
'use strict';

const { execFileSync, spawn } = require('child_process');
const fs = require('fs');
const net = require('net');
const path = require('path');

if (process.env.PROBE_INIT === 'raise') throw new Error('PROBE_INIT asks for it');

const tmp = process.env.TMPDIR || '/tmp';
const kept = []; // what allocate holds

class ProbeError extends Error {
  constructor(message) {
    super(message);
    this.name = 'ProbeError';
  }
}

// children starts processes and returns once all of them run.
function children(count, command, args) {
  return Promise.all(Array.from({ length: count }, () => new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit' });
    child.on('spawn', resolve);
    child.on('error', reject);
    child.unref();
  })));
}

// running lists the command lines of the visible processes, as words.
function running() {
  if (!fs.existsSync('/proc/self')) {
    return execFileSync('ps', ['-axo', 'args']).toString().split('\n').map((line) => line.trim().split(/\s+/));
  }
  return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map((pid) => {
    try {
      return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    } catch {
      return [];
    }
  });
}

const actions = {
  echo: (event) => ({ value: event.value, environment: process.env[event.environment] ?? null }),

  length: (event) => ({ length: Buffer.byteLength(event.value) }), // bytes of UTF-8

  sleep: async (event) => {
    await new Promise((resolve) => setTimeout(resolve, event.ms));
    return { slept: event.ms };
  },

  hang: () => {
    for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(name, () => {});
    for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3600000);
  },

  raise: (event) => {
    throw new ProbeError(event.message);
  },

  exit: () => process.reallyExit(3),

  allocate: (event) => {
    for (let i = 0; i < event.mb; i++) kept.push(Buffer.alloc(1 << 20, 1));
    kept.length = 0;
    return { mb: event.mb };
  },

  spawn: async (event) => {
    await children(event.processes, 'sleep', ['600.' + event.marker]);
    return { processes: event.processes };
  },

  // Leaves a process that reads and prints whatever it inherits.
  leave: async (event) => {
    await children(1, 'sh', ['-c', 'cat; cat <&3; echo left; exec sleep 600.' + event.marker]);
    return {};
  },

  // Opens files until no more may be, and leaves them open.
  exhaust: (event) => {
    let opened = 0;
    try {
      for (; opened < event.most; opened++) fs.openSync('/dev/null', 'r');
    } catch {
      // no more
    }
    return { opened };
  },

  nest: (event) => {
    let value = null;
    for (let i = 0; i < event.depth; i++) value = [value];
    return { value };
  },

  // Tells how long the handler took by its own clock.
  inside: (event, entered) => ({ inside_ns: Number(process.hrtime.bigint() - entered) }),

  // Counts the visible processes that spawn left with this marker.
  leftovers: (event) => ({
    processes: running().filter((words) => words[0] === 'sleep' && words[1] === '600.' + event.marker).length,
  }),

  write: (event) => {
    fs.writeFileSync(path.join(tmp, event.name), event.text);
    return { name: event.name };
  },

  list: () => ({ names: fs.readdirSync(tmp).sort() }),

  // Prints on both streams, and past the interpreter's buffers.
  print: (event) => {
    const line = event.text + '\n';
    const lines = line.repeat(Math.floor(event.bytes / line.length) + 1);
    process.stdout.write(lines);
    process.stderr.write(lines);
    for (const fd of [1, 2]) {
      try {
        fs.writeSync(fd, line);
      } catch {
        // closed or full: nobody listens
      }
    }
    return { printed: event.bytes };
  },

  fill: (event) => ({ filler: 'x'.repeat(event.bytes) }),

  unserialisable: () => ({ value: 1n }),

  // Writes nonsense into every socket that the process has.
  corrupt: () => {
    for (let fd = 3; fd < 256; fd++) {
      try {
        if (fs.fstatSync(fd).isSocket()) fs.writeSync(fd, 'this is no answer\r\n\r\n');
      } catch {
        // not open
      }
    }
    return {};
  },

  // Sends a text to a server and returns what it sends back.
  connect: (event) => new Promise((resolve, reject) => {
    const received = [];
    const server = net.connect({ host: event.host, port: event.port, timeout: 5000 }, () => server.end(event.text));
    server.on('timeout', () => server.destroy(new Error(`nothing from ${event.host}:${event.port} in 5 s`)));
    server.on('data', (data) => received.push(data));
    server.on('end', () => resolve({ text: Buffer.concat(received).toString() }));
    server.on('error', reject);
  }),

  measure: () => ({ result: { n: 1 }, measurement: { compute_us: 123 } }),

  facts: (event) => {
    const variant = path.join(__dirname, 'variant.txt');
    return {
      keys: Object.keys(event).sort(),
      cwd: process.cwd(),
      variant: fs.existsSync(variant) ? fs.readFileSync(variant, 'utf8').trim() : '',
    };
  },
};

exports.handler = async (event) => actions[event.do](event, process.hrtime.bigint());
