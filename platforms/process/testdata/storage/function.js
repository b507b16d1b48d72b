const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const storage = require('./storage');

async function text(stream) {
  const chunks = [];
  for await (const c of stream) chunks.push(c);
  return Buffer.concat(chunks).toString();
}

exports.handler = async (event) => {
  const client = new storage.storage();
  const { bucket, key } = event;
  fs.writeFileSync('/tmp/up', 'x'.repeat(event.megabytes << 20));
  const [uploaded, done] = client.upload(bucket, key, '/tmp/up');
  await done;
  const [stream, stored, streamed] = client.uploadStream(bucket, key);
  stream.write('str');
  stream.end('eam');
  await stored;
  const [large, largeStored, parts] = client.uploadStream(bucket, key);
  fs.createReadStream('/tmp/up').pipe(large);
  await largeStored;
  await client.download(bucket, parts, '/tmp/down');
  const sha256 = crypto.createHash('sha256').update(fs.readFileSync('/tmp/down')).digest('hex');
  await client.download_directory(bucket, event.prefix, '/tmp/all');
  const found = fs.readdirSync('/tmp/all', { recursive: true, withFileTypes: true }).filter((e) => e.isFile())
    .map((e) => path.relative('/tmp/all', path.join(e.path, e.name)));
  let refused = '';
  try {
    await client.downloadStream(bucket, 'no-such-key');
  } catch (error) {
    refused = error.message;
  }
  return {
    result: {
      names: [uploaded, streamed, parts],
      sha256,
      stream: await text(await client.downloadStream(bucket, streamed)),
      found: found.sort(),
      refused,
      same: storage.storage.get_instance() === storage.storage.get_instance(),
    },
  };
};
