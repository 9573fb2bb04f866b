using System.CommandLine;
using ImGateway.BouncyCastle;
using ImGateway.Edge;
using ImGateway.Edge.Commands;
using ImGateway.Edge.Tls;
using ImGateway.Edge.Tls.Policy;
using Microsoft.Extensions.DependencyInjection;

// imgw run, with another engine. OpenSSL still speaks TLS to upstreams and CAs.
var engines = new TlsEngineFactory(TlsPolicyFile.Apply());
var root = new RootCommand { RunCommand.Create(engines, services => services.AddSingleton<ITlsEngine>(new BouncyCastleEngine())) };
return await CommandLine.InvokeAsync(root, args, new InvocationConfiguration());
