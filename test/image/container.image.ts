import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { Task } from '#src/task/task.ts'
import { exchange } from '../process/exchange.ts'
import { createFolder } from '../start-app.ts'
import { createVolume, podman, runOnce, startContainer } from './podman.ts'

const create = async (url: string, title: string): Promise<Task> => {
  const { status, body } = await exchange(`${url}/tasks`, 'POST', { title })
  expect(status, body).toBe(201)
  return JSON.parse(body) as Task
}

const tasksAt = async (url: string): Promise<Task[]> =>
  JSON.parse((await exchange(`${url}/tasks`)).body) as Task[]

describe('the hardened container', () => {
  test('answers /docs with .env.example as it is, through a published port', async () => {
    const env = join(createFolder(), '.env')
    copyFileSync(fileURLToPath(new URL('../../.env.example', import.meta.url)), env)
    const { url } = await startContainer({ isPublished: true, args: ['--env-file', env] })
    const docs = await exchange(`${url}/docs`)
    expect(docs).toMatchObject({
      status: 200,
      headers: { 'content-type': expect.stringContaining('text/html') },
    })
    expect((await exchange(`${url}/openapi.json`)).status).toBe(200)
    expect(await tasksAt(url)).toEqual([])
  })

  test('has no rights, no writable root and 256 MB', async () => {
    const { exec } = await startContainer()
    const status = await exec('cat', '/proc/1/status')
    expect(status).toMatch(/^Uid:\s+1000\s+1000\s+1000\s+1000$/m)
    expect(status).toMatch(/^Gid:\s+1000\s+1000\s+1000\s+1000$/m)
    for (const kind of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb'])
      expect(status).toMatch(new RegExp(`^Cap${kind}:\\s+0+$`, 'm'))
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m)
    for (const path of ['/x', '/app/x', '/app/dist/cli.js', '/home/node/x'])
      await expect(exec('sh', '-c', `echo >> ${path}`)).rejects.toThrow(
        /Read-only file system|Permission denied/,
      )
    const limit = await exec(
      'sh',
      '-c',
      'cat /sys/fs/cgroup/memory.max || cat /sys/fs/cgroup/memory/memory.limit_in_bytes',
    )
    expect(Number(limit)).toBe(256 * 1024 * 1024)
  })

  test('takes a relative DATABASE_URL, and one from a file in place of its own', async () => {
    const relative = await startContainer({ args: ['-e', 'DATABASE_URL=sqlite:./data/mine.db'] })
    expect(await relative.exec('ls', '/data')).toContain('mine.db')
    const secret = ['-e', 'DATABASE_URL=', '-e', 'DATABASE_URL_FILE=/data/url']
    const volume = await createVolume()
    const write = 'require("node:fs").writeFileSync("/data/url", "sqlite:/data/secret.db")'
    await runOnce(volume, ['--entrypoint', 'node'], '-e', write)
    expect(await (await startContainer({ volume, args: secret })).exec('ls', '/data')).toContain(
      'secret.db',
    )
  })
})

describe('its health check', () => {
  const check = (name: string): Promise<string> => podman('healthcheck', 'run', name)

  test('passes at any PORT', async () => {
    for (const isPublished of [false, true])
      await check((await startContainer({ isPublished })).name)
  })

  test('fails when the service does not answer', async () => {
    const { name } = await startContainer()
    const pid = Number(await podman('inspect', name, '--format', '{{.State.Pid}}'))
    process.kill(pid, 'SIGSTOP')
    await expect(check(name)).rejects.toThrow()
    process.kill(pid, 'SIGCONT')
    await check(name)
  })
})

describe('its tasks', () => {
  test('survive a restart, and a new container with the same volume', async () => {
    const volume = await createVolume()
    const first = await startContainer({ volume })
    const task = await create(first.url, 'Kept')
    expect(await first.stop()).toBe(0)
    await first.start()
    expect(await tasksAt(first.url)).toEqual([task])
    expect(await first.stop()).toBe(0)
    await first.remove()
    expect(await tasksAt((await startContainer({ volume })).url)).toEqual([task])
  })

  test('are backed up while it runs and restored while it does not', async () => {
    const volume = await createVolume()
    const service = await startContainer({ volume })
    const task = await create(service.url, 'Kept')
    expect(await service.exec('node', 'dist/cli.js', 'backup', '/data/copy.db')).toContain(
      '1 task.',
    )
    await create(service.url, 'Later')
    await service.stop()
    await runOnce(volume, [], 'restore', '/data/copy.db')
    await service.start()
    expect(await tasksAt(service.url)).toEqual([task])
  })
})
