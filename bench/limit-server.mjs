// The limit: a raw node:http server that answers constants of the size of the service's answers, and reads what it is sent.
// Each message from the bench is a list of `{key, status, size}`; `key` is the method, with a `?` where the path has a query.
import { createServer } from 'node:http'

let answers = {}

process.on('message', (list) => {
  answers = Object.fromEntries(
    list.map(({ key, status, size }) => [
      key,
      {
        status,
        body: 'x'.repeat(size),
        headers: { 'content-type': 'application/json; charset=utf-8', 'content-length': size },
      },
    ]),
  )
  process.send('ready')
})

const server = createServer((request, response) => {
  const { status, headers, body } = answers[request.url.includes('?') ? `${request.method}?` : request.method]
  const answer = () => response.writeHead(status, headers).end(body)
  if (request.method === 'GET') answer()
  else request.on('end', answer).resume()
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
