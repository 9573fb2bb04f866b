using System.Net;
using ImGateway.Edge.Certificates;
using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Operations;
using ImGateway.Edge.Proxying.Checks;
using ImGateway.Edge.Storage;
using ImGateway.Edge.Tests.Certificates;
using ImGateway.Edge.Tls;
using ImGateway.Edge.Connections.Limits;
using ImGateway.Edge.WebSockets;
using ImGateway.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace ImGateway.Edge.Tests.Operations;

/// <summary>An edge's management port and a public one, on real sockets, without the edge.</summary>
sealed class ManagementServer : IAsyncDisposable
{
    public static readonly DateTimeOffset Now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    readonly WebApplication _app;

    readonly ServiceProvider _certificates;
    readonly TemporaryDirectory _data;

    ManagementServer(WebApplication app, ServiceProvider certificates, TemporaryDirectory data)
    {
        (_app, _certificates, _data) = (app, certificates, data);
        var addresses = app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.ToArray();
        Client = new HttpClient { BaseAddress = new Uri(addresses[0]) };
        PublicClient = new HttpClient { BaseAddress = new Uri(addresses[1]) };
    }

    public HttpClient Client { get; }

    public HttpClient PublicClient { get; }

    public MachineClock Time => (MachineClock)_app.Services.GetRequiredService<TimeProvider>();

    /// <param name="peer">What the connection says its peer is, where the loopback address is not what the test is about.</param>
    public static async Task<ManagementServer> StartAsync(EdgeOptions? options = null, IPAddress? peer = null)
    {
        options ??= Options();
        var (time, data) = (new MachineClock(Now), new TemporaryDirectory());
        var certificates = new CertificateGraph(options with { DataDirectory = data["data"] }, time, NullLogger.Instance, DiskSteps.Unobserved).Build();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseListenerKind(ListenerKind.Management));
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        builder.Services.AddSingleton(new CurrentOptions(options));
        builder.Services.AddSingleton(certificates.GetRequiredService<ServerCertificateSelector>());
        builder.Services.AddSingleton(certificates.GetRequiredService<CertificateOverview>());
        builder.Services.AddSingleton<TimeProvider>(time);
        builder.Services.AddSingleton<ConnectionBudget>().AddSingleton<ConnectionEnds>().AddSingleton<ClientConnections>();
        builder.Services.AddSingleton<WebSocketMetrics>().AddSingleton<WebSocketRegistry>();
        builder.Services.AddStorage().AddEdgeOperations();
        var app = builder.Build();
        if (peer is not null)
        {
            app.Use((context, next) =>
            {
                context.Connection.RemoteIpAddress = peer;
                return next(context);
            });
        }

        app.UseManagement();
        app.Run(context => context.Response.WriteAsync("public"));
        await app.StartAsync();
        return new ManagementServer(app, certificates, data);
    }

    public static EdgeOptions Options() => new()
    {
        Hosts = [HostName.Parse("gateway.example.com"), HostName.Parse("*.chat.example.com")],
        Upstreams = [new Uri("http://127.0.0.1:9")],
        Certificates = new CertificatesSection { Source = CertificateSource.Files, MaxAge = TimeSpan.FromDays(30) },
    };

    /// <summary>Serves it for every configured host.</summary>
    public void Serve(Credential credential) => Serve(credential, [.. Options().Hosts]);

    public void Serve(Credential credential, params HostName[] hosts)
    {
        var installer = _certificates.GetRequiredService<CertificateInstaller>();
        installer.Retain(hosts);
        installer.Begin(hosts.ToDictionary(host => host, _ => new ServedCredential(credential, ServedCredential.Files, "im.crt")
        {
            InstalledAt = Now.AddHours(-1),
            Previous = new PreviousCertificate("0A", Now.AddDays(3)),
        }));
    }

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? host = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (host is not null) request.Headers.Host = host;
        foreach (var (name, value) in headers) request.Headers.Add(name, value);
        return await Client.SendAsync(request);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        PublicClient.Dispose();
        await _app.DisposeAsync();
        await _certificates.DisposeAsync();
        _data.Dispose();
    }
}
