// Downloads a photo, shrinks it to fit a box and uploads it as JPEG.
'use strict';

const path = require('path').posix;
const sharp = require('sharp');

const storage = require('./storage');

const QUALITY = 85;

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

// read returns what a stream, or the promise of one, holds.
async function read(stream) {
  const chunks = [];
  for await (const chunk of await stream) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

// shrink returns the photo as a JPEG of at most width x height, its aspect
// kept and its colours as they are stored: no profile is applied, as in the
// other languages.
function shrink(photo, width, height) {
  return sharp(photo, { ignoreIcc: true })
    .resize(width, height, { fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: QUALITY })
    .toBuffer();
}

function microseconds(start, end) {
  return Number((end - start) / 1000n);
}

exports.handler = async function (event) {
  const bucket = field(event, 'bucket.bucket', 'string');
  const source = path.join(field(event, 'bucket.input', 'string'), field(event, 'object.key', 'string'));
  const target = path.join(field(event, 'bucket.output', 'string'), path.basename(source));
  const width = field(event, 'object.width', 'integer');
  const height = field(event, 'object.height', 'integer');
  if (width < 1 || height < 1) {
    throw new RangeError(`the event's object.width and object.height are ${width} x ${height}, want at least 1 x 1`);
  }

  const begin = process.hrtime.bigint();
  const photo = await read(client.downloadStream(bucket, source));
  const downloaded = process.hrtime.bigint();
  if (photo.length === 0) {
    throw new Error(`the object ${source} is empty`);
  }
  const thumbnail = await shrink(photo, width, height).catch((error) => {
    throw new Error(`the object ${source} is not a whole image: ${error.message}`);
  });
  const computed = process.hrtime.bigint();
  const [stream, stored, key] = await client.uploadStream(bucket, target);
  stream.end(thumbnail);
  await stored;
  const uploaded = process.hrtime.bigint();

  return {
    result: { bucket, key },
    measurement: {
      download_time: microseconds(begin, downloaded),
      download_size: photo.length,
      compute_time: microseconds(downloaded, computed),
      upload_time: microseconds(computed, uploaded),
      upload_size: thumbnail.length,
    },
  };
};
