// Connects to a server and returns the message that it sends.
'use strict';

const net = require('net');

const PATIENCE = 20000; // ms for the connection, and for the message
const MOST = 1024; // bytes of a message

// field returns a value of the event, which must be of type kind.
function field(event, name, kind) {
  if (!Object.hasOwn(event, name)) {
    throw new Error(`the event has no ${name}`);
  }
  const value = event[name];
  if (kind === 'integer' ? !Number.isInteger(value) : typeof value !== kind) {
    throw new TypeError(`the event's ${name} is ${typeof value}, want ${kind}`);
  }
  return value;
}

// receive resolves to a server's first message, and when the connection was
// there and the message came.
function receive(address, port) {
  const name = `${address}, port ${port}`;
  return new Promise((resolve, reject) => {
    let connected = null;
    const server = net.connect({ host: address, port });
    server.setTimeout(PATIENCE, () => server.destroy(new Error('timed out')));
    server.on('connect', () => { connected = process.hrtime.bigint(); });
    server.on('data', (data) => {
      const received = process.hrtime.bigint();
      resolve({ message: data.subarray(0, MOST), connected, received });
      server.destroy();
    });
    server.on('end', () => reject(new Error(`${name}, closed the connection without a message`)));
    server.on('error', (error) => {
      const what = connected === null ? 'connect to' : 'wait for the message of';
      reject(new Error(`${what} ${name}: ${error.message}`));
    });
  });
}

function microseconds(start, end) {
  return Number((end - start) / 1000n);
}

exports.handler = async function (event) {
  const address = field(event, 'ip-address', 'string');
  const port = field(event, 'port', 'integer');
  if (address === '' || port < 1 || port > 65535) {
    throw new RangeError(`the event's ip-address is '${address}' and its port ${port}, want a host and 1 to 65535`);
  }

  const begin = process.hrtime.bigint();
  const { message, connected, received } = await receive(address, port);

  return {
    result: new TextDecoder('utf-8', { fatal: true }).decode(message),
    measurement: {
      connect_time: microseconds(begin, connected),
      reply_time: microseconds(connected, received),
    },
  };
};
