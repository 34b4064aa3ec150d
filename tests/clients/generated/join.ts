// Joins with the client that buf makes from proto/, so that what it makes is compiled and called.
//
//   ROSTER_DEMO=… node join.js, after esbuild
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';

import { MembershipStatus } from './roster/v1/membership_pb';
import { MembershipService } from './roster/v1/membership_service_pb';

async function main() {
  const demo: { grpc: string; tokens: Record<string, string> } = JSON.parse(process.env.ROSTER_DEMO ?? '{}');
  const transport = createConnectTransport({ baseUrl: `http://${demo.grpc}`, httpVersion: '2' });
  const members = createClient(MembershipService, transport);
  const headers = { authorization: `Bearer ${demo.tokens['21']}` };
  const { membership } = await members.joinOrAcceptInvite({ space: 'courses/1' }, { headers });
  const status: MembershipStatus | undefined = membership?.status;
  if (status !== MembershipStatus.MEMBER) throw new Error(`joined as ${status}`);
  await members.joinOrAcceptInvite({ space: 'courses/3' }, { headers }).then(
    () => {
      throw new Error('a secret course was joined');
    },
    (error: unknown) => {
      if (!(error instanceof ConnectError) || error.code !== Code.NotFound) throw error;
    },
  );
  console.log('generated: typescript: ok');
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
