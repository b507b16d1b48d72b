// Datagrams to a server and back, and the table of when.
'use strict';

const dgram = require('dgram');
const dns = require('dns').promises;
const { performance } = require('perf_hooks');

const FIRST = 3000; // ms in which the first echo must come
const LATER = 2000; // and any other
const LOST = 5; // echoes in a row that may not come

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

// seconds returns a time in µs as seconds.
function seconds(us) {
  return `${Math.floor(us / 1e6)}.${String(us % 1e6).padStart(6, '0')}`;
}

// table returns rows of a number and two times in µs as CSV.
function table(rows) {
  const lines = rows.map(([number, sent, received]) => `${number},${seconds(sent)},${seconds(received)}\n`);
  return Buffer.from('id,client_send,client_rcv\n' + lines.join(''));
}

module.exports = { Server, roundTrips, table };
