import { createPrivateKey, createSign, generateKeyPairSync } from 'node:crypto'
import { createAppAuth } from '@octokit/auth-app'
import { Octokit } from '@octokit/core'
import { expect, it } from 'vitest'
import { createClock } from './local-github/clock.ts'
import { CREATE_ISSUE } from './local-github/routes.ts'
import { HERE, ISSUES, refusalOf } from './octokit.ts'
import { startLocalGithub } from './start-local-github.ts'

const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
const publicKey = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString()
const privateKey = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const app = { id: 77, slug: 'task-sync', installationId: 4711, publicKey }

const toJwt = (claims: object, key = privateKey): string => {
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
  const text = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}`
  return `${text}.${createSign('RSA-SHA256').update(text).sign(createPrivateKey(key)).toString('base64url')}`
}

it('lets the real App client in, and takes its token back after its time', async () => {
  const clock = createClock()
  const github = await startLocalGithub({ app, now: clock.now })
  const auth = { appId: app.id, privateKey, installationId: app.installationId }
  const octokit = new Octokit({ baseUrl: github.url, authStrategy: createAppAuth, auth })
  const { data } = await octokit.request(`POST ${ISSUES}`, { ...HERE, title: 'x' })
  expect(data.user).toMatchObject({ login: 'task-sync[bot]', type: 'Bot' })
  expect((await octokit.request('GET /app')).data).toMatchObject({ slug: 'task-sync' })
  await octokit.request('GET /app/installations/{installation_id}', {
    installation_id: app.installationId,
  })
  expect((await octokit.request('GET /repos/{owner}/{repo}/installation', HERE)).data.id).toBe(
    app.installationId,
  )
  expect((await octokit.request('GET /installation/repositories')).data.total_count).toBe(1)
  expect((await refusalOf(octokit.request('GET /user'))).status).toBe(403)
  expect(github.limits.state('installation 4711').used).toBeGreaterThan(0)
  const authorization = String(github.requests.to(CREATE_ISSUE)[0]?.headers.authorization)
  clock.advance(3_600_001)
  // By hand: for five seconds of a token's life the App client repeats what is refused with 401.
  const late = await fetch(`${github.url}/repos/acme/tasks/issues`, { headers: { authorization } })
  expect(late.status).toBe(401)
})

it('looks closely at the JSON Web Token of an App', async () => {
  const github = await startLocalGithub({ app })
  const seconds = Math.floor(Date.now() / 1000)
  const ask = async (token: string): Promise<number> => {
    const response = await fetch(`${github.url}/app`, {
      headers: { authorization: `Bearer ${token}` },
    })
    return response.status
  }
  const claims = { iss: app.id, iat: seconds - 30, exp: seconds + 300 }
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  })
  expect(await ask(toJwt(claims))).toBe(200)
  expect(await ask(toJwt({ ...claims, iss: 78 }))).toBe(404)
  expect(await ask(toJwt({ ...claims, exp: seconds - 1 }))).toBe(401)
  expect(await ask(toJwt({ ...claims, exp: seconds + 700 }))).toBe(401)
  expect(await ask(toJwt({ ...claims, iat: seconds + 60 }))).toBe(401)
  expect(await ask(toJwt(claims, stranger.toString()))).toBe(401)
  expect(await ask('not.a.token')).toBe(401)
})
