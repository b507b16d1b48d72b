// Serves DynamoDB's protocol to those who know the access key, and keeps
// everything in memory: on a free port of loopback until its standard input
// ends, or in a container on the address that it is given.
'use strict'

const http = require('http')
const dynalite = require('dynalite')

const key = process.env.SEBS_TABLESERVER_ACCESS_KEY
const store = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 })
const server = http.createServer((request, response) => {
  const signed = request.headers.authorization || ''
  if (signed.includes(`Credential=${key}/`)) {
    store.emit('request', request, response)
    return
  }
  response.writeHead(400, { 'Content-Type': 'application/x-amz-json-1.0', Connection: 'close' })
  response.end(JSON.stringify({
    __type: 'com.amazon.coral.service#UnrecognizedClientException',
    message: 'The access key of the request is not the one of this server.',
  }))
})
server.keepAliveTimeout = 0 // a client's idle connection ends with the client

const address = process.env.SEBS_TABLESERVER_ADDRESS
if (address) {
  const [host, port] = address.split(':')
  server.listen(Number(port), host)
} else {
  server.listen(0, '127.0.0.1', () => console.log(`listening on ${server.address().port}`))
  process.stdin.on('end', () => process.exit(0))
  process.stdin.resume()
}
