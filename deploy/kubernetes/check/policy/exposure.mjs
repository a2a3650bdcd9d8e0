// What gets in and out: traffic and secrets.
import { failures, ofKind, titleOf, workloadsOf } from '../manifest.mjs'

const policiesOf = (installation) => ofKind(installation, 'NetworkPolicy')

/** In production, and where there are policies, one denies everything to every pod. */
export const defaultDeny = (installation) => {
  const policies = policiesOf(installation)
  const isDefaultDeny = ({ spec: { podSelector, policyTypes, ingress = [], egress = [] } }) =>
    Object.keys(podSelector).length === 0 &&
    policyTypes.length === 2 &&
    ingress.length + egress.length === 0
  const isNeeded = installation.isProduction || policies.length > 0
  return failures('a NetworkPolicy', {
    'deny by default': !isNeeded || policies.some(isDefaultDeny),
  })
}

const opens = ({ spec }, protocol, port) =>
  (spec.egress ?? []).some(({ ports = [] }) =>
    ports.some((one) => one.protocol === protocol && one.port === port),
  )

/** What a policy allows names its peers and its ports, and is enough to find hosts and, in production, MongoDB and GitHub. */
export const traffic = (installation) => {
  const policies = policiesOf(installation)
  return [
    ...policies.flatMap((policy) => {
      const { ingress = [], egress = [] } = policy.spec
      return failures(titleOf(policy), {
        'name the peers and ports of all traffic': [...ingress, ...egress].every(
          ({ from, to = from, ports }) => to?.length > 0 && ports?.length > 0,
        ),
        'let DNS out':
          egress.length === 0 || (opens(policy, 'UDP', 53) && opens(policy, 'TCP', 53)),
      })
    }),
    ...failures('a NetworkPolicy', {
      'let the service reach MongoDB and GitHub':
        !installation.isProduction ||
        [27017, 443].every((port) => policies.some((policy) => opens(policy, 'TCP', port))),
    }),
  ]
}

/** A password in a URL, unless it is a reference to a variable; the tokens of GitHub; a private key. */
const CREDENTIAL =
  /:\/\/[^/\s:@]+:(?!\$\()[^/\s@]+@|gh[a-z]_\w{20,}|github_pat_\w{20,}|-----BEGIN [A-Z ]*PRIVATE KEY-----/
const SECRET_NAME = /TOKEN|SECRET|PASSWORD(?!_FILE)|PRIVATE_KEY/

/** Git holds no secret: the values of Secrets are empty, and nothing else holds a credential. */
export const secrets = (installation) => {
  const isPublic = ([name, value]) =>
    !CREDENTIAL.test(value) && (value === '' || !SECRET_NAME.test(name))
  return [
    ...ofKind(installation, 'Secret').flatMap((secret) =>
      failures(titleOf(secret), {
        'hold no value': Object.values({ ...secret.data, ...secret.stringData }).every(
          (value) => value === '',
        ),
      }),
    ),
    ...ofKind(installation, 'ConfigMap').flatMap((config) =>
      failures(titleOf(config), {
        'hold no credential': Object.entries(config.data).every(isPublic),
      }),
    ),
    ...workloadsOf(installation).flatMap(({ title, containers }) => {
      const variables = containers.flatMap(({ env = [] }) =>
        env.map(({ name, value = '' }) => [name, value]),
      )
      return failures(title, { 'hold no credential in a variable': variables.every(isPublic) })
    }),
  ]
}
