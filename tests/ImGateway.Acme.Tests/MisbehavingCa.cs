using System.Net;
using System.Text;
using ImGateway.Edge.Storage;
using ImGateway.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ImGateway.Acme.Tests;

/// <summary>An HTTPS server with a directory and nonces, that answers everything else as a test says.</summary>
sealed class MisbehavingCa : IAsyncDisposable
{
    readonly TestCa _root = TestCa.Create("Misbehaving CA's HTTPS");
    readonly IssuedCertificate _certificate;
    readonly WebApplication _application;
    int _nonces;

    MisbehavingCa(Func<MisbehavingCa, HttpContext, Task> answer)
    {
        _certificate = _root.Issue("127.0.0.1");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(
            kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(_certificate.Leaf)));
        _application = builder.Build();
        _application.Run(async context =>
        {
            lock (Requests) Requests.Add($"{context.Request.Method} {context.Request.Path}");
            if (context.Request.Path == "/dir") await context.Response.WriteAsync(Directory());
            else if (context.Request.Path == "/nonce") GiveNonce(context);
            else await answer(this, context);
        });
    }

    public List<string> Requests { get; } = [];

    public string Address => _application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    public AcmeServerOptions Options => new() { TrustedRoots = [_root.Certificate], RequestTimeout = TimeSpan.FromSeconds(20) };

    public static async Task<MisbehavingCa> StartAsync(Func<MisbehavingCa, HttpContext, Task> answer)
    {
        var ca = new MisbehavingCa(answer);
        await ca._application.StartAsync();
        return ca;
    }

    public Task<AcmeServer> ConnectAsync(AcmeServerOptions? options = null) => AcmeServer.ConnectAsync(new Uri($"{Address}/dir"), options ?? Options);

    /// <summary>An account that is not known here, and need not be.</summary>
    public static AcmeAccount Account(AcmeServer server, AcmeKey key) => server.Account(key, new Uri(server.DirectoryUri, "/account/1"));

    public void GiveNonce(HttpContext context) => context.Response.Headers["Replay-Nonce"] = $"nonce-{Interlocked.Increment(ref _nonces)}";

    public async Task AnswerAsync(HttpContext context, int status, string type, string body)
    {
        GiveNonce(context);
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(body));
    }

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        _certificate.Dispose();
        _root.Dispose();
    }

    string Directory() =>
        $$"""
        {"newNonce":"{{Address}}/nonce","newAccount":"{{Address}}/new-account","newOrder":"{{Address}}/new-order",
         "revokeCert":"{{Address}}/revoke","renewalInfo":"{{Address}}/ari","later":{"unknown":[1]},
         "meta": {"profiles": {"classic":"The usual\u001b[2J one","odd":7} } }
        """;
}
