using System.Net;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Connections.Listening;
using ImGateway.Edge.Operations.Control;
using ImGateway.Edge.Proxying;
using ImGateway.Edge.Proxying.Checks;
using ImGateway.Edge.Tls;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ImGateway.Edge;

/// <summary>Kestrel's listeners and the middleware before HTTP on each: HTTPS, plain HTTP, the management port, the control socket.</summary>
static class EdgeListeners
{
    public static void Listen(this KestrelServerOptions kestrel, EdgeOptions options, ListenPlan plan)
    {
        KestrelSettings.Configure(kestrel, options);
        var tls = kestrel.ApplicationServices.GetRequiredService<IListenerTransport>();
        Bind(plan.Https, (address, setting) => new PublicEndPoint(address, setting) { Transport = tls }, listener =>
        {
            listener.UseTlsEngine();
            listener.UseListenerKind(ListenerKind.Https);
        });
        Bind(plan.Http, (address, setting) => new PublicEndPoint(address, setting), listener =>
        {
            listener.UseConnectionGate();
            PlainListener(listener, ListenerKind.Http);
        });
        Bind(plan.Management, (address, setting) => new ManagementEndPoint(address, setting), listener => PlainListener(listener, ListenerKind.Management));
        kestrel.Listen(new ControlEndPoint(ControlSocket.PathIn(options)), listener => PlainListener(listener, ListenerKind.Control));

        void Bind(IEnumerable<ListenTarget> targets, Func<EndPoint, string, EndPoint> create, Action<ListenOptions> configure)
        {
            foreach (var target in targets)
            {
                var endPoint = create(target.Inherited is { } socket ? new InheritedEndPoint(socket) : EndPointOf(target.Address), target.Setting);
                kestrel.Listen(endPoint, listener =>
                {
                    if (endPoint is PublicEndPoint) listener.UseClientConnections();
                    configure(listener);
                });
            }
        }

        static IPEndPoint EndPointOf(ListenAddress address) => new(address.Address ?? IPAddress.IPv6Any, address.Port);

        static void PlainListener(ListenOptions listener, ListenerKind kind)
        {
            listener.Protocols = HttpProtocols.Http1;
            listener.UseListenerKind(kind);
        }
    }
}
