// Downloads a folder, packs it into a zip archive and uploads that.
'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');
const { pipeline } = require('stream/promises');
const yazl = require('yazl');

const storage = require('./storage');

const LEVEL = 9; // of deflate

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

// files returns the paths of the files in a folder, relative to it, sorted.
async function files(folder, parent = '') {
  const names = [];
  for (const entry of await fs.promises.readdir(path.join(folder, parent), { withFileTypes: true })) {
    const name = path.join(parent, entry.name);
    names.push(...(entry.isDirectory() ? await files(folder, name) : [name]));
  }
  return names.sort();
}

// pack writes a zip archive of files in a folder.
async function pack(folder, names, archive) {
  const zip = new yazl.ZipFile();
  zip.on('error', (error) => zip.outputStream.destroy(error));
  for (const name of names) {
    zip.addFile(path.join(folder, name), name.split(path.sep).join('/'), { compressionLevel: LEVEL });
  }
  zip.end();
  await pipeline(zip.outputStream, fs.createWriteStream(archive));
}

function microseconds(start, end) {
  return Number((end - start) / 1000n);
}

exports.handler = async function (event) {
  const bucket = field(event, 'bucket.bucket');
  const prefix = path.posix.join(field(event, 'bucket.input'), field(event, 'object.key'));
  const target = path.posix.join(field(event, 'bucket.output'), `${path.posix.basename(prefix)}.zip`);

  const work = await fs.promises.mkdtemp(path.join(os.tmpdir(), 'compression-'));
  try {
    const tree = path.join(work, 'tree');
    const archive = path.join(work, 'archive.zip');
    await fs.promises.mkdir(tree);

    const begin = process.hrtime.bigint();
    await client.downloadDirectory(bucket, `${prefix}/`, tree);
    const downloaded = process.hrtime.bigint();
    const names = await files(tree);
    if (names.length === 0) {
      throw new Error(`there are no objects under ${prefix}`);
    }
    let size = 0;
    for (const name of names) {
      size += (await fs.promises.stat(path.join(tree, name))).size;
    }

    const start = process.hrtime.bigint();
    await pack(tree, names, archive);
    const computed = process.hrtime.bigint();
    const archiveSize = (await fs.promises.stat(archive)).size;
    const [key, stored] = await client.upload(bucket, target, archive);
    await stored;
    const uploaded = process.hrtime.bigint();

    return {
      result: { bucket, key },
      measurement: {
        download_time: microseconds(begin, downloaded),
        download_size: size,
        compute_time: microseconds(start, computed),
        upload_time: microseconds(computed, uploaded),
        upload_size: archiveSize,
      },
    };
  } finally {
    await fs.promises.rm(work, { recursive: true, force: true });
  }
};
