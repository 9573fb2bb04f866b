using System.Net;
using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;
using ImGateway.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace ImGateway.Edge.Tests.Operations;

/// <summary>The management port of an <see cref="InProcessEdge"/> with certificates and times that a test invents. Its clock stands still, so that it orders none.</summary>
sealed class ManagementServer : IAsyncDisposable
{
    public static readonly DateTimeOffset Now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    readonly InProcessEdge _edge;
    readonly TemporaryDirectory _data;

    ManagementServer(InProcessEdge edge, TemporaryDirectory data)
    {
        (_edge, _data) = (edge, data);
        Client = new HttpClient { BaseAddress = new Uri($"http://{edge.Management}") };
        PublicClient = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri($"http://{edge.Http}") };
    }

    public HttpClient Client { get; }

    public HttpClient PublicClient { get; }

    public MachineClock Time => (MachineClock)_edge.Services.GetRequiredService<TimeProvider>();

    /// <param name="options">Those of <see cref="Options"/>, changed; null for these.</param>
    /// <param name="peer">The remote address that requests appear to come from; null for the real one, a loopback address.</param>
    public static async Task<ManagementServer> StartAsync(EdgeOptions? options = null, IPAddress? peer = null)
    {
        var data = new TemporaryDirectory();
        options ??= Options();
        if (options.DataDirectory == new EdgeOptions().DataDirectory) options = options with { DataDirectory = data["data"] };
        return new ManagementServer(await InProcessEdge.StartAsync(options, services: services =>
        {
            services.AddSingleton<TimeProvider>(new MachineClock(Now));
            if (peer is not null) services.AddSingleton<IStartupFilter>(new PeerFilter(peer));
        }), data);
    }

    public static EdgeOptions Options() => new()
    {
        Hosts = [HostName.Parse("gateway.example.com"), HostName.Parse("*.chat.example.com")],
        Upstreams = [new Uri("http://127.0.0.1:9")],
        Certificates = new CertificatesSection { Source = CertificateSource.Acme, MaxAge = TimeSpan.FromDays(30) },
        Acme = new AcmeSection { Directory = "https://127.0.0.1:9/directory", AcceptTermsOfService = true },
        Listen = InProcessEdge.OnAnyPorts(new ListenSection()),
    };

    /// <summary>Serves it for every configured host.</summary>
    public void Serve(Credential credential) => Serve(credential, [.. Options().Hosts]);

    public void Serve(Credential credential, params HostName[] hosts)
    {
        var installer = _edge.Services.GetRequiredService<CertificateInstaller>();
        installer.Retain(hosts);
        installer.ServeStored(hosts.ToDictionary(host => host, _ => new HostCertificate(credential, HostCertificate.Files, "im.crt")
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
        await _edge.DisposeAsync();
        _data.Dispose();
    }

    sealed class PeerFilter(IPAddress peer) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use((context, following) =>
            {
                context.Connection.RemoteIpAddress = peer;
                return following(context);
            });
            next(app);
        };
    }
}
