import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { CREATE_ISSUE } from './local-github/routes.ts'

const RUN = fileURLToPath(new URL('./local-github/run.mjs', import.meta.url))

it('runs as a process of its own, with orders and reports over HTTP', async () => {
  const child = spawn(process.execPath, [RUN, '{"hugeIds": true}'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = await once(createInterface(child.stdout), 'line')
  const { url, token, control } = JSON.parse(line)
  const create = (title: string) =>
    fetch(`${url}/repos/acme/tasks/issues`, {
      method: 'POST',
      body: JSON.stringify({ title, body: '<!-- 1 -->' }),
      headers: { authorization: `Bearer ${token}` },
    })
  const order = async (body: object) =>
    (await fetch(control, { method: 'POST', body: JSON.stringify(body) })).status
  expect(
    await order({ fail: { route: CREATE_ISSUE, faults: [['resetAfterCommit']], times: 1 } }),
  ).toBe(200)
  await expect(create('a')).rejects.toThrow()
  expect((await create('b')).status).toBe(201)
  expect(await order({ as: { login: 'alice', call: 'close', with: [1, 'not_planned'] } })).toBe(200)
  expect(await order({ call: { name: 'lag', with: [{ lists: 1000 }] } })).toBe(200)
  expect(await order({ call: { name: 'constructor', with: [] } })).toBe(400)
  const response = await fetch(control)
  expect(await response.json()).toMatchObject({
    issues: [{ title: 'a', stateReason: 'not_planned' }, { title: 'b' }],
    duplicates: [{ marker: '<!-- 1 -->', numbers: [1, 2] }],
    requests: [
      { outcome: 'reset', fault: 'resetAfterCommit' },
      { outcome: 'answered', status: 201 },
    ],
    violations: [],
    slips: [],
  })
})
