// Downloads a video, puts a watermark on it or makes a GIF of it with ffmpeg,
// and uploads that.
'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');
const { spawn } = require('child_process');

const ffmpeg = require('@ffmpeg-installer/ffmpeg').path;

const storage = require('./storage');

const WATERMARK = path.join(__dirname, 'resources', 'watermark.png');

// Of each operation: the output's extension, and what ffmpeg is told after its
// inputs, the video and the watermark.
const OPERATIONS = new Map([
  ['watermark', ['.mp4', [
    '-i', WATERMARK,
    '-filter_complex', 'overlay=(main_w-overlay_w)/2:(main_h-overlay_h)/2',
    '-an', '-c:v', 'libx264', '-pix_fmt', 'yuv420p',
  ]]],
  ['extract-gif', ['.gif', [
    '-vf', 'fps=10,scale=320:-1:flags=lanczos,split[a][b];[a]palettegen[p];[b][p]paletteuse',
    '-loop', '0',
  ]]],
]);

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
  if (typeof value !== kind) {
    throw new TypeError(`the event's ${dotted} is ${typeof value}, want ${kind}`);
  }
  return value;
}

// checkWhole throws an error unless the file is MP4 to its end: what was cut
// off may not be missed.
async function checkWhole(file, name) {
  const handle = await fs.promises.open(file);
  try {
    const { size } = await handle.stat();
    if (size === 0) {
      throw new Error(`the object ${name} is empty`);
    }
    let at = 0;
    while (at < size) {
      const header = Buffer.alloc(16);
      await handle.read(header, 0, 16, at);
      let length = header.readUInt32BE(0);
      if (length === 1) {
        length = Number(header.readBigUInt64BE(8));
      }
      if (length === 0) {
        length = size - at; // the box lasts to the end
      }
      if (length < 8 || (at === 0 && header.toString('latin1', 4, 8) !== 'ftyp')) {
        throw new Error(`the object ${name} is not an MP4 video`);
      }
      at += length;
    }
    if (at > size) {
      throw new Error(`the object ${name} is not a whole video: ${at - size} bytes are missing`);
    }
    return size;
  } finally {
    await handle.close();
  }
}

// run runs ffmpeg on the beginning of a video.
function run(source, target, options, duration, name) {
  const all = ['-nostdin', '-y', '-loglevel', 'error', '-xerror', '-t', String(duration), '-i', source, ...options, target];
  return new Promise((resolve, reject) => {
    const child = spawn(ffmpeg, all, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (data) => {
      said = (said + data).slice(-4096);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) {
        resolve();
        return;
      }
      const last = said.trim().split('\n').pop() || 'nothing';
      reject(new Error(`ffmpeg failed with ${code ?? signal} on the object ${name}; it said: ${last}`));
    });
  });
}

function microseconds(start, end) {
  return Number((end - start) / 1000n);
}

exports.handler = async function (event) {
  const bucket = field(event, 'bucket.bucket', 'string');
  const key = path.posix.join(field(event, 'bucket.input', 'string'), field(event, 'object.key', 'string'));
  const operation = field(event, 'object.op', 'string');
  const duration = field(event, 'object.duration', 'number');
  if (!OPERATIONS.has(operation)) {
    throw new RangeError(`the event's object.op is '${operation}', want one of ${[...OPERATIONS.keys()].join(', ')}`);
  }
  if (!(Number.isFinite(duration) && duration > 0)) {
    throw new RangeError(`the event's object.duration is ${duration}, want more than 0 seconds`);
  }
  const [extension, options] = OPERATIONS.get(operation);
  const stem = path.posix.parse(key).name;
  const output = path.posix.join(field(event, 'bucket.output', 'string'), `${stem}-${operation}${extension}`);

  const work = await fs.promises.mkdtemp(path.join(os.tmpdir(), 'video-'));
  try {
    const source = path.join(work, 'input.mp4');
    const target = path.join(work, `output${extension}`);

    const begin = process.hrtime.bigint();
    await client.download(bucket, key, source);
    const downloaded = process.hrtime.bigint();
    const downloadSize = await checkWhole(source, key);
    await run(source, target, options, duration, key);
    const computed = process.hrtime.bigint();
    const uploadSize = (await fs.promises.stat(target)).size;
    const [stored, done] = client.upload(bucket, output, target);
    await done;
    const uploaded = process.hrtime.bigint();

    return {
      result: { bucket, key: stored },
      measurement: {
        download_time: microseconds(begin, downloaded),
        download_size: downloadSize,
        compute_time: microseconds(downloaded, computed),
        upload_time: microseconds(computed, uploaded),
        upload_size: uploadSize,
      },
    };
  } finally {
    await fs.promises.rm(work, { recursive: true, force: true });
  }
};
