// The limit: a raw node:http server that answers a constant of the size of the service's answer, and reads what it is sent.
import { createServer } from 'node:http'

const [size, status] = process.argv.slice(2).map(Number)
const body = 'x'.repeat(size)
const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': size }

const server = createServer((request, response) => {
  const answer = () => response.writeHead(status, headers).end(body)
  if (request.method === 'POST') request.on('end', answer).resume()
  else answer()
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
