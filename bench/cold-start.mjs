// From the start of the process to the first answer with a task in it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { get } from 'node:http'
import { createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { median } from './statistics.mjs'

const PATIENCE_MS = 30_000

const freePort = async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

const status = (url) =>
  new Promise((resolve) => {
    get(url, { agent: false }, (response) => response.resume().on('end', () => resolve(response.statusCode))).on('error', () =>
      resolve(undefined),
    )
  })

/** In seconds. The file must be closed, and is again afterwards. */
const startOnce = async (servers, { path, ids }) => {
  const port = await freePort()
  const [program, ...args] = servers.serviceCommand
  const env = { PATH: process.env.PATH, PORT: String(port), DATABASE_URL: `sqlite:${path}` }
  const began = performance.now()
  const child = spawn(program, args, { cwd: servers.folder, env, stdio: 'ignore' })
  try {
    while ((await status(`http://127.0.0.1:${port}/tasks/${ids.at(0)}`)) !== 200) {
      if (performance.now() - began > PATIENCE_MS || child.exitCode !== null) throw new Error('the service did not start')
      await setTimeout(2)
    }
    return (performance.now() - began) / 1000
  } finally {
    const exited = child.exitCode === null ? once(child, 'exit') : undefined
    child.kill('SIGKILL')
    await exited
  }
}

export const measureColdStart = async (servers, seeded, rounds) => {
  const runs = []
  for (let round = 0; round < rounds; round++) runs.push(await startOnce(servers, seeded))
  return median(runs)
}
