using System.Net;
using ImGateway.Edge.Certificates;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Operations;
using ImGateway.Edge.Proxying;
using ImGateway.Edge.Tls;
using ImGateway.Edge.Tls.SslStream;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace ImGateway.Edge.Tests.Operations;

/// <summary>An edge's management port and a public one, on real sockets, without the edge.</summary>
sealed class ManagementServer : IAsyncDisposable
{
    public static readonly DateTimeOffset Now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    readonly WebApplication _app;

    readonly ServerCertificateSelector _selector;
    readonly List<ManagedCertificate> _managed;

    ManagementServer(WebApplication app, ServerCertificateSelector selector, List<ManagedCertificate> managed)
    {
        (_app, _selector, _managed) = (app, selector, managed);
        var addresses = app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.ToArray();
        Client = new HttpClient { BaseAddress = new Uri(addresses[0]) };
        PublicClient = new HttpClient { BaseAddress = new Uri(addresses[1]) };
    }

    public HttpClient Client { get; }

    public HttpClient PublicClient { get; }

    public SteppedTimeProvider Time => (SteppedTimeProvider)_app.Services.GetRequiredService<TimeProvider>();

    /// <param name="peer">What the connection says its peer is, where the loopback address is not what the test is about.</param>
    public static async Task<ManagementServer> StartAsync(EdgeOptions? options = null, IPAddress? peer = null)
    {
        options ??= Options();
        var selector = new ServerCertificateSelector(options, new SslStreamEngine());
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseListenerKind(ListenerKind.Management));
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        builder.Services.AddSingleton(new CurrentOptions(options));
        builder.Services.AddSingleton(selector);
        builder.Services.AddSingleton<TimeProvider>(new SteppedTimeProvider(Now));
        builder.Services.AddEdgeOperations();
        List<ManagedCertificate> managed = [];
        builder.Services.AddSingleton<Func<IReadOnlyList<ManagedCertificate>>>(() => managed);
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
        return new ManagementServer(app, selector, managed);
    }

    public static EdgeOptions Options() => new()
    {
        Hosts = [HostName.Parse("gateway.example.com"), HostName.Parse("*.chat.example.com")],
        Upstreams = [new Uri("http://127.0.0.1:9")],
        Certificates = new CertificatesSection { Source = CertificateSource.Files },
    };

    /// <summary>Serves it for every configured host.</summary>
    public void Serve(Credential credential) => Serve(credential, [.. Options().Hosts]);

    public void Serve(Credential credential, params HostName[] hosts)
    {
        _selector.Publish(hosts.ToDictionary(host => host, _ => credential));
        _managed.Clear();
        _managed.AddRange(hosts.Select(host => new ManagedCertificate(
            host, credential, ServedCredential.Files, "im.crt", Now.AddHours(-1), new PreviousCertificate("0A", Now.AddDays(3)), new NextAction("rotate", Now.AddDays(29), "MaxAge"))));
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
    }
}
