import { expect, it } from 'vitest'
import { describeHolding } from './holding.ts'
import { startLocalGithub } from './start-local-github.ts'
import { becomesLinked, create, expectOneIssueEach, openSqliteFile, startSync } from './sync-service.ts'

describeHolding('SQLite', openSqliteFile)

it('20: two workers, one holder: an SQLite file takes no second service; after kill -9 the next one goes on at once', async () => {
  const github = await startLocalGithub()
  const url = await openSqliteFile()
  const env = { GITHUB_LEASE_MS: '600000' }
  const first = await startSync(github, url, env)
  const before = await becomesLinked(first, await create(first, 'before'))
  await expect(startSync(github, url, env)).rejects.toThrow(/in use by another process/)
  await first.end('SIGKILL')
  const second = await startSync(github, url, env)
  expectOneIssueEach(github, [before, await becomesLinked(second, await create(second, 'after'))])
})
