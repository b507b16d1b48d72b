// Downloads photos and says what is on them, by ResNet-50.
'use strict';

const path = require('path').posix;

const onnxruntime = require('onnxruntime-node');
const sharp = require('sharp');

const CLASSES = require('./resources/classes.json');
const storage = require('./storage');

const SHORTER = 256; // a photo is shrunk until its shorter side has that many pixels
const SIDE = 224; // width and height of its middle, which is used
const MEAN = [0.485, 0.456, 0.406];
const DEVIATION = [0.229, 0.224, 0.225];

const client = storage.storage.get_instance();

let loaded = null; // bucket and key of the model, and a session with it

// field returns the event's value at a dotted path, which must be of type kind.
function field(event, dotted, kind) {
  let value = event;
  for (const name of dotted.split('.')) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, name)) {
      throw new Error(`the event has no ${dotted}`);
    }
    value = value[name];
  }
  if (kind === 'list' ? !Array.isArray(value) : typeof value !== kind) {
    throw new TypeError(`the event's ${dotted} is ${typeof value}, want ${kind}`);
  }
  return value;
}

// fetch returns an object's content.
async function fetch(bucket, key) {
  const chunks = [];
  for await (const chunk of await client.downloadStream(bucket, key)) {
    chunks.push(chunk);
  }
  const data = Buffer.concat(chunks);
  if (data.length === 0) {
    throw new Error(`the object ${key} is empty`);
  }
  return data;
}

// load returns a session with a model.
async function load(data, key) {
  try {
    return await onnxruntime.InferenceSession.create(data, { executionProviders: ['cpu'] });
  } catch (error) {
    throw new Error(`the object ${key} is not a whole model: ${error.message}`);
  }
}

// prepare returns a photo as the network reads it.
async function prepare(photo, key) {
  let pixels;
  try {
    const image = sharp(photo, { ignoreIcc: true });
    const { width, height } = await image.metadata();
    const shorter = Math.min(width, height);
    const [w, h] = [Math.floor((width * SHORTER) / shorter), Math.floor((height * SHORTER) / shorter)];
    pixels = await image
      .resize(w, h, { fit: 'fill', kernel: 'linear', fastShrinkOnLoad: false })
      .extract({ left: Math.floor((w - SIDE) / 2), top: Math.floor((h - SIDE) / 2), width: SIDE, height: SIDE })
      .toColourspace('srgb')
      .removeAlpha()
      .raw()
      .toBuffer();
  } catch (error) {
    throw new Error(`the object ${key} is not a whole image: ${error.message}`);
  }
  const area = SIDE * SIDE;
  const values = new Float32Array(3 * area);
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) {
      values[c * area + i] = (pixels[3 * i + c] / 255 - MEAN[c]) / DEVIATION[c];
    }
  }
  return new onnxruntime.Tensor('float32', values, [1, 3, SIDE, SIDE]);
}

function microseconds(start, end) {
  return Number((end - start) / 1000n);
}

exports.handler = async function (event) {
  const bucket = field(event, 'bucket.bucket', 'string');
  const model = path.join(field(event, 'bucket.model', 'string'), field(event, 'object.model', 'string'));
  const inputs = field(event, 'object.inputs', 'list');
  const folder = field(event, 'bucket.input', 'string');
  if (inputs.length === 0 || !inputs.every((name) => typeof name === 'string')) {
    throw new TypeError("the event's object.inputs is not a list of at least one name");
  }

  const begin = process.hrtime.bigint();
  const photos = [];
  for (const name of inputs) {
    photos.push(await fetch(bucket, path.join(folder, name)));
  }
  const downloaded = process.hrtime.bigint();
  let size = photos.reduce((sum, photo) => sum + photo.length, 0);

  let modelDownloaded = downloaded;
  let modelLoaded = downloaded;
  if (loaded === null || loaded.bucket !== bucket || loaded.model !== model) {
    const data = await fetch(bucket, model);
    modelDownloaded = process.hrtime.bigint();
    size += data.length;
    loaded = { bucket, model, session: await load(data, model) };
    modelLoaded = process.hrtime.bigint();
  }
  const { session } = loaded;

  const predictions = [];
  for (const [i, photo] of photos.entries()) {
    const input = await prepare(photo, path.join(folder, inputs[i]));
    const output = await session.run({ [session.inputNames[0]]: input });
    const scores = output[session.outputNames[0]].data;
    if (scores.length !== CLASSES.length) {
      throw new Error(`the object ${model} is a model with ${scores.length} classes, want ${CLASSES.length}`);
    }
    const idx = scores.indexOf(scores.reduce((best, score) => Math.max(best, score), -Infinity));
    predictions.push({ key: inputs[i], idx, class: CLASSES[idx], score: scores[idx] });
  }
  const computed = process.hrtime.bigint();

  return {
    result: { predictions },
    measurement: {
      download_time: microseconds(begin, modelDownloaded),
      download_size: size,
      compute_time: microseconds(modelDownloaded, computed),
      model_time: microseconds(modelDownloaded, modelLoaded),
      model_download_time: microseconds(downloaded, modelDownloaded),
    },
  };
};
