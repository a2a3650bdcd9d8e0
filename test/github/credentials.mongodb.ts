import { it } from 'vitest'
import { createDatabaseUrl } from '../mongodb.ts'
import { APP, asApp, describeCredentials, pem } from './credentials.ts'
import { CREATE_ISSUE } from './local-github/routes.ts'
import { startLocalGithub } from './start-local-github.ts'
import { becomesLinked, create, expectOneIssueEach, startSync } from './sync-service.ts'

describeCredentials('MongoDB', createDatabaseUrl)

/** The app's client waits for five seconds before it gives a new token up: once is enough, on whatever database. */
it('an app whose token is revoked asks for another one by itself', async () => {
  const github = await startLocalGithub({ app: APP })
  const service = await startSync(github, await createDatabaseUrl(), asApp(pem('pkcs8')))
  const before = await becomesLinked(service, await create(service, 'before'))
  const token = String(github.requests.to(CREATE_ISSUE).at(-1)?.headers.authorization).replace(/^\w+ /, '')
  github.revokeToken(token)
  expectOneIssueEach(github, [before, await becomesLinked(service, await create(service, 'after'))])
})
