const storage = require('./storage');

async function attempt(download) {
  try {
    await download();
    return '';
  } catch (error) {
    return error.message;
  }
}

async function read(stream) {
  for await (const chunk of stream) chunk.toString();
}

exports.handler = async () => {
  const client = new storage.storage();
  return {
    result: {
      file: await attempt(() => client.download('b', 'cut', '/tmp/cut')),
      stream: await attempt(async () => read(await client.downloadStream('b', 'cut'))),
    },
  };
};
