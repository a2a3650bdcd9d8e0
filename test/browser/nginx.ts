import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { createFolder } from '../start-app.ts'

/** A port that is free just now. */
export const findPort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** A real nginx on the loopback with these lines in its one server; it ends with the test. */
export const startNginx = async (port: number, lines: string): Promise<string> => {
  const folder = createFolder()
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  )
  const config = `
    daemon off; pid ${folder}/pid; error_log stderr warn; worker_processes 1;
    events {}
    http {
      access_log off; ${temporary.join(' ')}
      server { listen 127.0.0.1:${port}; ${lines} }
    }`
  writeFileSync(join(folder, 'nginx.conf'), config)
  const args = ['-c', join(folder, 'nginx.conf'), '-p', folder]
  const child = spawn(process.env.NGINX ?? '/usr/sbin/nginx', args, {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGQUIT'))
  let errors = ''
  child.stderr.on('data', (data) => (errors += String(data)))
  const url = `http://127.0.0.1:${port}`
  for (let tries = 0; tries < 100; tries += 1) {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${errors}`)
    const answer = await fetch(url).catch(() => undefined)
    if (answer !== undefined) return url
    await sleep(50)
  }
  throw new Error(`nginx does not answer: ${errors}`)
}
