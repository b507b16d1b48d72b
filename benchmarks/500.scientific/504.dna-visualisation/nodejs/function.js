// Downloads a genome and draws it as a line: its points are uploaded as JSON.
'use strict';

const path = require('path').posix;

const storage = require('./storage');

// How far a base takes the line up in its first half and in its whole, after
// the method of squiggle. Letters for bases that are not known take it nowhere.
const RISE = new Map([
  ['A', [0.5, 0]],
  ['C', [-0.5, 0]],
  ['G', [0.5, 1]],
  ['T', [-0.5, -1]],
]);
const LEVEL = [0, 0];

const client = storage.storage.get_instance();

// field returns the event's value at a dotted path, which must be a string.
function field(event, dotted) {
  let value = event;
  for (const name of dotted.split('.')) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, name)) {
      throw new Error(`the event has no ${dotted}`);
    }
    value = value[name];
  }
  if (typeof value !== 'string') {
    throw new TypeError(`the event's ${dotted} is ${typeof value}, want string`);
  }
  return value;
}

// fetch returns an object's content.
async function fetch(bucket, key) {
  const chunks = [];
  for await (const chunk of await client.downloadStream(bucket, key)) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

// read returns the bases of all sequences of a FASTA file.
function read(fasta, name) {
  if (fasta.length === 0) {
    throw new Error(`the object ${name} is empty`);
  }
  const lines = fasta.toString('latin1').split('\n');
  if (!lines[0].startsWith('>')) {
    throw new Error(`the object ${name} is not a FASTA file: it does not begin with >`);
  }
  const bases = lines.filter((line) => !line.startsWith('>')).map((line) => line.trim()).join('');
  if (bases === '') {
    throw new Error(`the object ${name} has no sequence`);
  }
  if (!/^[A-Za-z]+$/.test(bases)) {
    throw new Error(`the object ${name} has a sequence with other characters than letters`);
  }
  return bases.toUpperCase();
}

// transform returns the line of a sequence: a list of x and a list of y, two
// points for each base after the first, at 0.
function transform(bases) {
  const points = 2 * bases.length + 1;
  const x = new Array(points);
  const y = new Array(points);
  x[0] = 0;
  y[0] = 0;
  let level = 0;
  for (let i = 0; i < bases.length; i++) {
    const [half, whole] = RISE.get(bases[i]) ?? LEVEL;
    x[2 * i + 1] = i + 0.5;
    x[2 * i + 2] = i + 1;
    y[2 * i + 1] = level + half;
    level += whole;
    y[2 * i + 2] = level;
  }
  return [x, y];
}

function microseconds(start, end) {
  return Number((end - start) / 1000n);
}

exports.handler = async function (event) {
  const bucket = field(event, 'bucket.bucket');
  const source = path.join(field(event, 'bucket.input'), field(event, 'object.key'));
  const target = path.join(field(event, 'bucket.output'), `${path.basename(source)}.json`);

  const begin = process.hrtime.bigint();
  const fasta = await fetch(bucket, source);
  const downloaded = process.hrtime.bigint();
  const drawing = Buffer.from(JSON.stringify(transform(read(fasta, source))), 'latin1');
  const computed = process.hrtime.bigint();
  const [stream, stored, key] = await client.uploadStream(bucket, target);
  stream.end(drawing);
  await stored;
  const uploaded = process.hrtime.bigint();

  return {
    result: { bucket, key },
    measurement: {
      download_time: microseconds(begin, downloaded),
      download_size: fasta.length,
      compute_time: microseconds(downloaded, computed),
      upload_time: microseconds(computed, uploaded),
      upload_size: drawing.length,
    },
  };
};
