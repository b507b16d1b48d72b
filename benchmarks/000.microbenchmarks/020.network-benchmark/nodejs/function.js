// Sends datagrams to a server, one after the echo of another, and stores when.
'use strict';

const path = require('path').posix;

const { Server, roundTrips, table } = require('./roundtrips.js');
const storage = require('./storage');

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
  const rows = [];
  const server = await Server.connect(address, port);
  try {
    const rounds = roundTrips(server, request);
    await rounds.next(); // finds the way
    while (rows.length < repetitions) rows.push((await rounds.next()).value);
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
    result: key,
    measurement: {
      network_time: microseconds(begin, measured),
      upload_time: microseconds(start, uploaded),
      upload_size: data.length,
    },
  };
};
