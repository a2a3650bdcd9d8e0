// FastAPI + uvicorn + sqlite3: bench/peers/fastapi/main.py, or whatever speaks its contract at a URL.
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openDatabase } from '../../dist/repository/sqlite/binding.js'
import { Refusal } from '../refusal.mjs'
import { createDraft, createRandom } from '../seed.mjs'
import * as service from './task-manager-api.mjs'

/** It is asked as this service is. */
export const { create, get, list, idOf } = service

const FOLDER = fileURLToPath(new URL('fastapi', import.meta.url))
const VERSIONS = `
import fastapi, platform, pydantic, sqlite3, uvicorn
assert int(pydantic.VERSION.split(".")[0]) >= 2, "pydantic is older than 2"
print(f"FastAPI {fastapi.__version__}, pydantic {pydantic.VERSION}, uvicorn {uvicorn.__version__}, Python {platform.python_version()}")`

/** The versions that will run; the refusal says how to have what is missing. */
export const check = () => {
  const { stdout, stderr, error } = spawnSync('python3', ['-c', VERSIONS], { encoding: 'utf8' })
  if (stdout) return stdout.trim()
  const reason = error?.message ?? stderr.trim().split('\n').at(-1)
  throw new Refusal(
    `--peer fastapi needs a python3 with its packages (${reason}): pip install -r bench/peers/fastapi/requirements.txt, ` +
      'or on Debian 13: apt install python3-fastapi uvicorn',
  )
}

/** Starts it over so many tasks. */
export const start = async (servers, tasks) => {
  const about = check()
  const path = join(servers.folder, `fastapi-${tasks}.db`)
  const command = ['python3', '-m', 'uvicorn', 'main:app', '--app-dir', FOLDER, '--port', '0']
  const server = await servers.launch(command, {
    env: { DATABASE: path, PYTHONDONTWRITEBYTECODE: '1', HOME: servers.folder },
    pattern: /http:\/\/127\.0\.0\.1:[1-9]\d*/,
  })
  return { ...server, about, ids: fill(path, tasks) }
}

/** Straight into its table, as through its API a hundred thousand tasks would take minutes. */
const fill = (path, tasks) => {
  const db = openDatabase(path)
  const insert = db.prepare('INSERT INTO tasks VALUES (?, ?, ?, ?, ?, ?, NULL)')
  const random = createRandom(1)
  const ids = []
  db.exec('BEGIN')
  for (let index = 0; index < tasks; index++) {
    const { title, description, status, priority } = createDraft(random)
    const id = randomUUID()
    insert.run(id, title, description, status, priority, new Date(1.7e12 + index * 60_000).toISOString())
    ids.push(id)
  }
  db.exec('COMMIT')
  db.close()
  return { count: ids.length, at: (index) => ids[index] }
}
