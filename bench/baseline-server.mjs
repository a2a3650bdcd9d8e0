// The limit: a raw node:http server that reads each request and answers a constant.
// Its argument is JSON: for each method, with a `?` if the path has a query, the status and the size of the answer.
import { createServer } from 'node:http'

const toAnswer = ({ status, size }) => ({
  status,
  body: 'x'.repeat(size),
  headers: { 'content-type': 'application/json; charset=utf-8', 'content-length': size },
})
const answers = Object.fromEntries(
  Object.entries(JSON.parse(process.argv[2])).map(([key, value]) => [key, toAnswer(value)]),
)

const server = createServer((request, response) => {
  const { status, headers, body } =
    answers[request.url.includes('?') ? `${request.method}?` : request.method]
  const answer = () => response.writeHead(status, headers).end(body)
  if (request.method === 'GET') answer()
  else request.on('end', answer).resume()
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
