const { handler } = require(`${process.cwd()}/function/function.js`);

const server = require('http').createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const answer = JSON.stringify(await handler(JSON.parse(Buffer.concat(chunks).toString())));
  response.writeHead(200, { 'Content-Length': Buffer.byteLength(answer) });
  response.end(answer);
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
