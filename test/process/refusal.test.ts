import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '#src/repository/sqlite/driver.ts'
import { MIGRATIONS } from '#src/repository/sqlite/migrations.ts'
import { createFolder } from '../start-app.ts'
import { runCommand } from '../start-process.ts'

const serve = (env: Record<string, string>, cwd = createFolder()) =>
  runCommand(['serve'], { PORT: '0', ...env }, cwd)

/** One line, of the program, that says what to look at; no stack and no success. */
const expectOneLine = (
  { code, stdout, stderr }: Awaited<ReturnType<typeof runCommand>>,
  ...named: string[]
): void => {
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/^task-manager-api: .+\n$/)
  for (const text of named) expect(stderr).toContain(text)
}

/** Every file below a folder, with a digest of what is in it; an index of a write-ahead log is no data. */
const contents = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(folder, name)).isFile() && !name.endsWith('-shm'))
      .sort()
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex'),
      ]),
  )

/** Something else that listens on the loopback. */
const occupyPort = async (): Promise<string> => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return String((server.address() as AddressInfo).port)
}

/** A database as this service makes it, changed by hand and put away as one file. */
const createDatabase = (sql = ''): { folder: string; path: string } => {
  const folder = createFolder()
  const path = join(folder, 'tasks.db')
  const db = openDatabase(path)
  db.exec(
    `PRAGMA journal_mode = WAL; PRAGMA application_id = ${0x7461736b}; PRAGMA user_version = ${MIGRATIONS.length}`,
  )
  db.exec(`${MIGRATIONS.join('')}; ${sql}`)
  db.close()
  expect(readdirSync(folder)).toEqual(['tasks.db'])
  return { folder, path }
}

describe('a port in use', () => {
  test('is named, with what to do, and the tasks stay as they were', async () => {
    const port = await occupyPort()
    const { folder, path } = createDatabase()
    const before = contents(folder)
    expectOneLine(await serve({ PORT: port, DATABASE_URL: `sqlite:${path}` }), port, 'PORT')
    expect(contents(folder)).toMatchObject(before)
  })

  test('makes no data folder', async () => {
    const folder = createFolder()
    await serve({ PORT: await occupyPort() }, folder)
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('a HOST that is no address of the machine', () => {
  test.each(['192.0.2.1', 'nowhere.invalid'])('is named: %s', async (host) => {
    expectOneLine(await serve({ HOST: host }), 'HOST', host)
  })

  test.each(['192.0.2.1', 'nowhere.invalid'])(
    'is named when it comes from .env: %s',
    async (host) => {
      const folder = createFolder()
      writeFileSync(join(folder, '.env'), `HOST=${host}\n`)
      expectOneLine(await serve({}, folder), 'HOST', host)
    },
  )

  test('makes no data folder', async () => {
    const folder = createFolder()
    await serve({ HOST: '192.0.2.1' }, folder)
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('a file that is no database of this version', () => {
  const TEXT = 'This is a letter, and it is longer than the header of a database would be.\n'

  const notOurs = (kind: string): { folder: string; path: string; words: string[] } => {
    if (kind === 'of a newer version')
      return { ...createDatabase('PRAGMA user_version = 999'), words: ['999'] }
    if (kind === 'that is damaged') {
      const { folder, path } = createDatabase()
      writeFileSync(path, readFileSync(path).fill(0x5a, 100))
      return { folder, path, words: ['damaged'] }
    }
    const folder = createFolder()
    const path = join(folder, 'file')
    if (kind === 'of another program') {
      const db = openDatabase(path)
      db.exec('CREATE TABLE tasks (id TEXT); INSERT INTO tasks VALUES (1)')
      db.close()
      return { folder, path, words: ['another program', 'DATABASE_URL'] }
    }
    writeFileSync(path, kind === 'of a few words' ? TEXT.slice(0, 20) : TEXT.repeat(100))
    return { folder, path, words: ['not an SQLite database'] }
  }

  const KINDS = [
    'of text',
    'of a few words',
    'of another program',
    'of a newer version',
    'that is damaged',
  ]

  test.each(KINDS)('is named and stays as it is: one %s', async (kind) => {
    const { folder, path, words } = notOurs(kind)
    const before = contents(folder)
    expectOneLine(await serve({ DATABASE_URL: `sqlite:${path}` }), path, ...words)
    expect(contents(folder)).toMatchObject(before)
  })

  test.each(['of text', 'of a newer version'])('gets nothing beside it: one %s', async (kind) => {
    const { folder, path } = notOurs(kind)
    const before = contents(folder)
    await serve({ DATABASE_URL: `sqlite:${path}` })
    expect(contents(folder)).toEqual(before)
  })
})

describe('a place for no file', () => {
  test('below a regular file is named', async () => {
    const folder = createFolder()
    writeFileSync(join(folder, 'file'), 'x')
    const path = join(folder, 'file/deeper/tasks.db')
    expectOneLine(await serve({ DATABASE_URL: `sqlite:${path}` }), path)
    expect(contents(folder)).toEqual({ file: expect.any(String) })
  })

  test('that is a folder is named', async () => {
    const folder = createFolder()
    const path = join(folder, 'tasks.db')
    mkdirSync(path)
    expectOneLine(await serve({ DATABASE_URL: `sqlite:${path}` }), path)
    expect(readdirSync(path)).toEqual([])
  })
})
