// Downloads a file from a URL and uploads it to the object store.
'use strict';

const fs = require('fs');
const http = require('http');
const https = require('https');
const os = require('os');
const path = require('path');
const { pipeline } = require('stream/promises');

const storage = require('./storage');

const TIMEOUT = 30000; // ms without a byte

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

// shown returns a URL without its query, which may hold a signature.
function shown(url) {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

// parse returns a URL that names a file.
function parse(address) {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (!['http:', 'https:'].includes(url?.protocol) || url.pathname.endsWith('/')) {
    const given = url === null ? JSON.stringify(address) : shown(url);
    throw new Error(`the event's object.url is ${given}, want http or https and a file's name`);
  }
  return url;
}

// get returns the response to a GET on a connection of its own, once its
// headers are there.
function get(url) {
  return new Promise((resolve, reject) => {
    const options = { agent: false, headers: { 'User-Agent': 'SeBS 120.uploader' }, timeout: TIMEOUT };
    const request = (url.protocol === 'https:' ? https : http).get(url, options, resolve);
    request.on('timeout', () => request.destroy(new Error(`no byte for ${TIMEOUT} ms`)));
    request.on('error', (error) => reject(new Error(`GET ${shown(url)}: ${error.message}`)));
  });
}

// fetch writes what the URL has to a file, whole.
async function fetch(url, file) {
  const response = await get(url);
  if (response.statusCode !== 200) {
    response.destroy();
    throw new Error(`GET ${shown(url)}: HTTP status ${response.statusCode}`);
  }
  await pipeline(response, fs.createWriteStream(file)).catch((error) => {
    throw new Error(`GET ${shown(url)}: the file did not arrive whole: ${error.message}`);
  });
}

function microseconds(start, end) {
  return Number((end - start) / 1000n);
}

exports.handler = async function (event) {
  const bucket = field(event, 'bucket.bucket');
  const output = field(event, 'bucket.output');
  const url = parse(field(event, 'object.url'));
  const name = path.posix.basename(decodeURIComponent(url.pathname));

  const folder = await fs.promises.mkdtemp(path.join(os.tmpdir(), 'uploader-'));
  try {
    const file = path.join(folder, 'file');
    const begin = process.hrtime.bigint();
    await fetch(url, file);
    const downloaded = process.hrtime.bigint();
    const { size } = await fs.promises.stat(file);
    const start = process.hrtime.bigint();
    const [key, stored] = await client.upload(bucket, path.posix.join(output, name), file);
    await stored;
    const uploaded = process.hrtime.bigint();
    return {
      result: { bucket, url: event.object.url, key },
      measurement: {
        download_time: microseconds(begin, downloaded),
        download_size: size,
        compute_time: 0,
        upload_time: microseconds(start, uploaded),
        upload_size: size,
      },
    };
  } finally {
    await fs.promises.rm(folder, { recursive: true, force: true });
  }
};
