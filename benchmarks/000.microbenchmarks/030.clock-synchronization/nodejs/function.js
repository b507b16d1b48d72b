// Sends datagrams to a server until the shortest round trip stands, and stores
// when.
'use strict';

const dgram = require('dgram');
const dns = require('dns').promises;
const path = require('path').posix;
const { performance } = require('perf_hooks');

const storage = require('./storage');

const FIRST = 3000; // ms in which the first echo must come
const LATER = 2000; // and any other
const LOST = 5; // echoes in a row that may not come
const MOST = 1000; // rounds

const client = storage.storage.get_instance();

// field returns the event's value at a dotted path, which must be of type kind.
function field(event, dotted, kind) {
  let value = event;
  for (const name of dotted.split('.')) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, name)) {
      throw new Error(`the event has no ${dotted}`);
    }
    value = value[name];
  }
  if (kind === 'integer' ? !Number.isInteger(value) : typeof value !== kind) {
    throw new TypeError(`the event's ${dotted} is ${typeof value}, want ${kind}`);
  }
  return value;
}

// now returns Unix time in µs.
function now() {
  return Math.floor((performance.timeOrigin + performance.now()) * 1000);
}

// Server is the way to the server, for one message at a time.
class Server {
  // connect resolves to a datagram socket that leads to the server alone.
  static async connect(address, port) {
    let socket = null;
    try {
      const found = await dns.lookup(address);
      socket = dgram.createSocket(found.family === 6 ? 'udp6' : 'udp4');
      await new Promise((resolve, reject) => {
        socket.once('error', reject);
        socket.connect(port, found.address, resolve);
      });
    } catch (error) {
      if (socket !== null) socket.close();
      throw new Error(`the server ${address}, port ${port}: ${error.message}`);
    }
    socket.removeAllListeners('error');
    return new Server(socket, `${address}, port ${port}`);
  }

  constructor(socket, name) {
    this.socket = socket;
    this.name = name;
    this.message = null; // whose echo is awaited
    this.settle = null; // with an error, or when the echo came
    socket.on('message', (data) => {
      const received = now();
      // Another one is the late echo of a round given up.
      if (this.message !== null && data.equals(this.message)) this.settle(null, received);
    });
    socket.on('error', (error) => {
      if (this.message === null) return; // the next round tells
      const refused = new Error(`nobody receives datagrams at ${this.name}`, { cause: error });
      this.settle(error.code === 'ECONNREFUSED' ? refused : error);
    });
  }

  // echo sends a message. It resolves to when, and when its echo came, in µs;
  // or to null if that takes too many ms.
  echo(text, ms) {
    return new Promise((resolve, reject) => {
      const message = Buffer.from(text);
      let sent = 0;
      this.settle = (error, received) => {
        this.message = null;
        clearTimeout(timer);
        if (error) reject(error);
        else resolve(received === undefined ? null : [sent, received]);
      };
      const timer = setTimeout(() => this.settle(null), ms);
      this.message = message;
      sent = now();
      this.socket.send(message);
    });
  }

  // stop sends a message without an echo.
  stop(text) {
    return new Promise((resolve, reject) => {
      this.socket.send(text, (error) => (error ? reject(error) : resolve()));
    });
  }

  close() {
    this.socket.close();
  }
}

// roundTrips yields number and times of each round with an echo, without end.
async function* roundTrips(server, request) {
  let lost = 0;
  let ms = FIRST;
  for (let number = 0; ; number++) {
    const times = await server.echo(`${request} ${number}`, ms);
    if (times !== null) {
      lost = 0;
      ms = LATER;
      yield [number, ...times];
    } else if (++lost === LOST) {
      throw new Error(`${lost} datagrams in a row to ${server.name}, have no echo`);
    }
  }
}

// untilSettled resolves to rounds, the first left out, until repetitions in a
// row are not shorter than one before.
async function untilSettled(rounds, repetitions) {
  await rounds.next(); // finds the way
  const rows = [(await rounds.next()).value];
  let shortest = rows[0][2] - rows[0][1];
  for (let row = 0; row < repetitions && rows.length < MOST; row++) {
    const round = (await rounds.next()).value;
    rows.push(round);
    if (round[2] - round[1] < shortest) {
      shortest = round[2] - round[1];
      row = -1;
    }
  }
  return rows;
}

// seconds returns a time in µs as seconds.
function seconds(us) {
  return `${Math.floor(us / 1e6)}.${String(us % 1e6).padStart(6, '0')}`;
}

// table returns rows of a number and two times in µs as CSV.
function table(rows) {
  const lines = rows.map(([number, sent, received]) => `${number},${seconds(sent)},${seconds(received)}\n`);
  return Buffer.from('id,client_send,client_rcv\n' + lines.join(''));
}

function microseconds(start, end) {
  return Number((end - start) / 1000n);
}

exports.handler = async function (event) {
  const request = field(event, 'request-id', 'string');
  const address = field(event, 'server-address', 'string');
  const port = field(event, 'server-port', 'integer');
  const repetitions = field(event, 'repetitions', 'integer');
  const bucket = field(event, 'bucket.bucket', 'string');
  const target = path.join(field(event, 'bucket.output', 'string'), `results-${request}.csv`);
  if (request === '' || request.length > 128 || /[ /]/.test(request)) {
    throw new RangeError(`the event's request-id is '${request}', want up to 128 characters without blanks and slashes`);
  }
  if (address === '' || port < 1 || port > 65535) {
    throw new RangeError(`the event's server-address is '${address}' and its server-port ${port}, want a host and 1 to 65535`);
  }
  if (repetitions < 1) {
    throw new RangeError(`the event's repetitions are ${repetitions}, want at least 1`);
  }

  const begin = process.hrtime.bigint();
  let rows;
  const server = await Server.connect(address, port);
  try {
    rows = await untilSettled(roundTrips(server, request), repetitions);
    await server.stop(`${request} stop`);
  } finally {
    server.close();
  }
  const measured = process.hrtime.bigint();
  const data = table(rows);
  const start = process.hrtime.bigint();
  const [stream, stored, key] = await client.uploadStream(bucket, target);
  stream.end(data);
  await stored;
  const uploaded = process.hrtime.bigint();

  return {
    result: { 'bucket-key': key, timestamp: event['income-timestamp'] },
    measurement: {
      network_time: microseconds(begin, measured),
      upload_time: microseconds(start, uploaded),
      upload_size: data.length,
    },
  };
};
